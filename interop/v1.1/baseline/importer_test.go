package baseline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

func startImporter(t *testing.T, config map[string]string) (context.Context, importer.ImporterClient) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "gosynth:///"})
	client := importer.NewImporterClient(host)
	response, err := client.Init(ctx, &importer.InitRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if response.Root != "/" || response.Type == "" || response.Origin == "" {
		t.Errorf("%v", response)
	}
	return ctx, client
}

func openRecord(ctx context.Context, client importer.ImporterClient, record *connectors.Record) ([]byte, error) {
	stream, err := client.Open(ctx, &importer.OpenRequest{Record: record})
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

func TestImport(t *testing.T) {
	const size = 2_500_000
	for _, buffers := range []string{"fresh", "pooled"} {
		ctx, client := startImporter(t, map[string]string{"files": "3", "size": "2500000", "xattrs": "1", "links": "1", "broken": "1", "buffers": buffers})
		stream, err := client.Import(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var records []*connectors.Record
		for {
			response, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if response.Finished {
				break
			}
			records = append(records, response.Record)
		}
		if len(records) != 1+3*2+1+1 {
			t.Errorf("%d records", len(records))
		}
		var files uint64
		for _, record := range records {
			switch {
			case record.Error != "":
				if record.FileInfo != nil || record.Pathname != "/b0000000" {
					t.Errorf("%v", record)
				}
			case record.IsXattr:
				if record.FileInfo != nil || record.XattrType != 0 {
					t.Errorf("%v", record)
				}
				content, err := openRecord(ctx, client, &connectors.Record{Pathname: record.Pathname, IsXattr: true, XattrName: record.XattrName})
				if want := synthetic.AttributeValue(record.Pathname, record.XattrName); string(content) != want || err != nil {
					t.Errorf("%q, %v", content, err)
				}
			case record.FileInfo.GetMode() == 0o644:
				content, err := openRecord(ctx, client, &connectors.Record{Pathname: record.Pathname})
				want := make([]byte, size)
				synthetic.Fill(want, files, 0)
				files++
				if !bytes.Equal(content, want) || err != nil {
					t.Errorf("%s: %d bytes, %v", record.Pathname, len(content), err)
				}
				if !record.HasReader || len(record.ExtendedAttributes) != 1 || record.FileInfo.Size != size || "/"+record.FileInfo.Name != record.Pathname {
					t.Errorf("%v", record)
				}
			case record.HasReader || record.FileInfo.GetName() == "":
				t.Errorf("%v", record)
			}
			if err := stream.Send(&importer.ImportRequest{Result: &connectors.Result{Header: record}}); err != nil {
				t.Fatal(err)
			}
		}
		if files != 3 {
			t.Errorf("%d files", files)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if response, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("after everything is acknowledged: %v, %v", response, err)
		}
		if _, err := client.Close(ctx, &importer.CloseRequest{}); err != nil {
			t.Error(err)
		}
	}
}

func TestImportWithoutAttributes(t *testing.T) {
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "gosynth:///", "xattrs": "2"})
	client := importer.NewImporterClient(host)
	if _, err := client.Init(ctx, &importer.InitRequest{Options: &importer.Options{Noxattr: true}}); err != nil {
		t.Fatal(err)
	}
	stream, err := client.Import(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if response.Finished {
			return
		}
		if response.Record.IsXattr || len(response.Record.ExtendedAttributes) != 0 {
			t.Errorf("%v", response.Record)
		}
	}
}

func TestImporterFailures(t *testing.T) {
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "gosynth:///"})
	client := importer.NewImporterClient(host)
	_, err := openRecord(ctx, client, &connectors.Record{Pathname: "/f0000000"})
	servingtest.ExpectError(t, err, "Open was called before Init")
	_, err = client.Init(ctx, &importer.InitRequest{Config: map[string]string{"files": "many"}})
	servingtest.ExpectError(t, err, `files is "many": a whole number from 0 to 1000000000 is needed`)
	if _, err = client.Init(ctx, &importer.InitRequest{Config: map[string]string{"unreadable": "1"}}); err != nil {
		t.Fatal(err)
	}
	_, err = client.Init(ctx, &importer.InitRequest{})
	servingtest.ExpectError(t, err, "Init was called twice")
	_, err = openRecord(ctx, client, nil)
	servingtest.ExpectError(t, err, "Open: the request has no record")
	_, err = openRecord(ctx, client, &connectors.Record{Pathname: "/nothing"})
	servingtest.ExpectError(t, err, "open /nothing: no such file")
	content, err := openRecord(ctx, client, &connectors.Record{Pathname: "/u0000000"})
	servingtest.ExpectError(t, err, "read /u0000000: this file breaks off on purpose")
	if len(content) != 512 {
		t.Errorf("%d bytes before it broke off", len(content))
	}
}

func TestCancelledOpenEnds(t *testing.T) {
	ctx, client := startImporter(t, map[string]string{"files": "1", "size": "1000000000000"})
	opening, cancel := context.WithCancel(ctx)
	stream, err := client.Open(opening, &importer.OpenRequest{Record: &connectors.Record{Pathname: "/f0000000"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Canceled {
		t.Error(err)
	}
	if _, err := client.Ping(ctx, &importer.PingRequest{}); err != nil {
		t.Error(err)
	}
}

func TestImportOfAFolder(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, host := servingtest.Connect(t, NewServer, "importer", synthetic.Config{"location": "disk://" + folder, "disk": "1"})
	client := importer.NewImporterClient(host)
	response, err := client.Init(ctx, &importer.InitRequest{})
	if err != nil || response.GetRoot() != folder {
		t.Fatalf("%v, %v", response, err)
	}
	if content, err := openRecord(ctx, client, &connectors.Record{Pathname: file}); string(content) != "content" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	_, err = openRecord(ctx, client, &connectors.Record{Pathname: "/elsewhere"})
	servingtest.ExpectError(t, err, "open /elsewhere: no such file")
}
