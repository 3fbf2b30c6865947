package baseline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/importer"
)

func startImporter(t *testing.T, config map[string]string) (context.Context, importer.ImporterClient) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "gosynth:///"})
	client := importer.NewImporterClient(host)
	response, err := client.Init(ctx, &importer.InitRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	// The presence of an error field alone makes Init fail.
	if response.Error != nil {
		t.Errorf("%v", response)
	}
	return ctx, client
}

func scan(t *testing.T, ctx context.Context, client importer.ImporterClient) []*importer.ScanResponse {
	t.Helper()
	stream, err := client.Scan(ctx, &importer.ScanRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var responses []*importer.ScanResponse
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return responses
		}
		if err != nil {
			t.Fatalf("a scan must end well: %v", err)
		}
		responses = append(responses, response)
	}
}

func openReader(ctx context.Context, client importer.ImporterClient, pathname string) ([]byte, error) {
	stream, err := client.OpenReader(ctx, &importer.OpenReaderRequest{Pathname: pathname})
	if err != nil {
		return nil, err
	}
	var content []byte
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return content, err
		}
		if len(response.Chunk) == 0 {
			return nil, errors.New("an empty chunk")
		}
		content = append(content, response.Chunk...)
	}
}

func TestScanAndOpen(t *testing.T) {
	const size = 2_500_000
	for _, buffers := range []string{"fresh", "pooled"} {
		ctx, client := startImporter(t, map[string]string{"files": "3", "size": "2500000", "xattrs": "2", "links": "1", "broken": "1", "buffers": buffers})
		if info, err := client.Info(ctx, &importer.InfoRequest{}); info.GetRoot() != "/" || info.GetType() == "" || info.GetOrigin() == "" {
			t.Errorf("%v, %v", info, err)
		}
		responses := scan(t, ctx, client)
		if len(responses) != 1+3+1+1 {
			t.Errorf("%d records", len(responses))
		}
		var files uint64
		seen := map[string]bool{}
		for _, response := range responses {
			if seen[response.Pathname] {
				t.Errorf("%s comes twice", response.Pathname)
			}
			seen[response.Pathname] = true
			record := response.GetRecord()
			switch {
			case response.Pathname == "/b0000000":
				if response.GetError().GetMessage() != "scan /b0000000: this entry is broken on purpose" {
					t.Errorf("%v", response)
				}
			case record.GetXattr() != nil || record.GetFileinfo().GetName() == "":
				t.Errorf("%v", response)
			case record.Fileinfo.Mode == 0o644:
				content, err := openReader(ctx, client, response.Pathname)
				want := make([]byte, size)
				synthetic.Fill(want, files, 0)
				files++
				if !bytes.Equal(content, want) || err != nil {
					t.Errorf("%s: %d bytes, %v", response.Pathname, len(content), err)
				}
				if _, err := client.CloseReader(ctx, &importer.CloseReaderRequest{Pathname: response.Pathname}); err != nil {
					t.Error(err)
				}
			}
		}
		if files != 3 {
			t.Errorf("%d files", files)
		}
		if _, err := client.Close(ctx, &importer.CloseRequest{}); err != nil {
			t.Error(err)
		}
	}
}

func TestCloseReaderEndsTheOldestReader(t *testing.T) {
	ctx, client := startImporter(t, map[string]string{"files": "1", "size": "1000000000000"})
	var readers []importer.Importer_OpenReaderClient
	for range 2 {
		reader, err := client.OpenReader(ctx, &importer.OpenReaderRequest{Pathname: "/f0000000"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := reader.Recv(); err != nil {
			t.Fatal(err)
		}
		readers = append(readers, reader)
	}
	// The reader that was opened first must end first.
	if _, err := client.CloseReader(ctx, &importer.CloseReaderRequest{Pathname: "/f0000000"}); err != nil {
		t.Fatal(err)
	}
	expectCancelled(t, readers[0])
	if _, err := readers[1].Recv(); err != nil {
		t.Errorf("the other reader ended, too: %v", err)
	}
	if _, err := client.CloseReader(ctx, &importer.CloseReaderRequest{Pathname: "/f0000000"}); err != nil {
		t.Fatal(err)
	}
	expectCancelled(t, readers[1])
	if _, err := client.CloseReader(ctx, &importer.CloseReaderRequest{Pathname: "/f0000000"}); err != nil {
		t.Error(err)
	}
}

// expectCancelled fails the test unless a reader ends with CANCELLED: OK would make
// the part that was read look like the whole file.
func expectCancelled(t *testing.T, reader importer.Importer_OpenReaderClient) {
	t.Helper()
	for {
		if _, err := reader.Recv(); err != nil {
			if status.Code(err) != codes.Canceled {
				t.Errorf("a reader that was closed ended with %v", err)
			}
			return
		}
	}
}

func TestImporterFailures(t *testing.T) {
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "gosynth:///", "unreadable": "1", "xattrs": "1"})
	client := importer.NewImporterClient(host)
	if responses := scan(t, ctx, client); len(responses) != 1 || responses[0].GetError().GetMessage() != "Scan was called before Init" {
		t.Errorf("%v", responses)
	}
	_, err := client.Init(ctx, &importer.InitRequest{Config: map[string]string{"size": "large"}})
	servingtest.ExpectError(t, err, `size is "large": a whole number from 0 to 1125899906842624 is needed`)
	if _, err := client.Init(ctx, &importer.InitRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err = openReader(ctx, client, "/nothing")
	servingtest.ExpectError(t, err, "open /nothing: no such file")
	content, err := openReader(ctx, client, "/u0000000")
	servingtest.ExpectError(t, err, "read /u0000000: this file breaks off on purpose")
	if len(content) != 512 {
		t.Errorf("%d bytes before it broke off", len(content))
	}
}
