package baseline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/exporter"
)

func startExporter(t *testing.T, config map[string]string) (context.Context, exporter.ExporterClient, *exporter.InitResponse) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "exporter", synthetic.Config{"location": "gosynth:///srv"})
	client := exporter.NewExporterClient(host)
	response, err := client.Init(ctx, &exporter.InitRequest{Config: config, Options: &exporter.Options{Maxconcurrency: 1 << 60}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, client, response
}

func record(pathname string, mode uint32, size int64) *connectors.Record {
	return &connectors.Record{Pathname: pathname, HasReader: mode == 0o644, FileInfo: &connectors.FileInfo{Name: pathname, Mode: mode, Size: size}}
}

func header(record *connectors.Record) *exporter.ExportRequest {
	return &exporter.ExportRequest{Packet: &exporter.ExportRequest_Record{Record: record}}
}

func chunk(content []byte) *exporter.ExportRequest {
	return &exporter.ExportRequest{Packet: &exporter.ExportRequest_Chunk{Chunk: content}}
}

// export sends everything while it reads the results.
func exportAll(ctx context.Context, client exporter.ExporterClient, requests []*exporter.ExportRequest) (map[string]*connectors.Result, error) {
	stream, err := client.Export(ctx)
	if err != nil {
		return nil, err
	}
	sent := make(chan error, 1)
	go func() {
		for _, request := range requests {
			if err := stream.Send(request); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	results := map[string]*connectors.Result{}
	for {
		response, err := stream.Recv()
		if err != nil {
			if failed := <-sent; failed != nil {
				return results, fmt.Errorf("not everything was taken: %w, then %w", failed, err)
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return results, err
		}
		results[response.GetResult().GetHeader().GetPathname()] = response.Result
	}
}

const directory = 1<<31 | 0o755

func TestExportAnswersEveryRecordWhole(t *testing.T) {
	ctx, client, response := startExporter(t, nil)
	if response.Root != "/srv" || response.Flags != 0 {
		t.Errorf("%v", response)
	}
	content := bytes.Repeat([]byte("x"), synthetic.ChunkSize)
	requests := []*exporter.ExportRequest{header(record("/", directory, 4096))}
	for i := range 3000 {
		requests = append(requests, header(record(fmt.Sprintf("/f%d", i), 0o644, 3)), chunk([]byte("ab")), chunk([]byte("c")), chunk(nil))
	}
	requests = append(requests,
		header(record("/empty", 0o644, 0)), chunk(nil),
		header(record("/large", 0o644, 3<<20)), chunk(content), chunk(content), chunk(content), chunk(nil),
		header(&connectors.Record{Pathname: "/link", Target: "large", FileInfo: &connectors.FileInfo{Mode: 1<<27 | 0o777}}))
	results, err := exportAll(ctx, client, requests)
	if err != nil || len(results) != 3004 {
		t.Errorf("%d results, %v", len(results), err)
	}
	for _, request := range requests {
		if sent := request.GetRecord(); sent != nil {
			if got := results[sent.Pathname]; got.GetError() != "" || !proto.Equal(got.GetHeader(), sent) {
				t.Errorf("sent %v, got %v", sent, got)
			}
		}
	}
	if _, err := client.Close(ctx, &exporter.CloseRequest{}); err != nil {
		t.Error(err)
	}
}

func TestExportFailsWhatDidNotComeWhole(t *testing.T) {
	ctx, client, _ := startExporter(t, nil)
	results, err := exportAll(ctx, client, []*exporter.ExportRequest{
		{},
		header(record("/whole", 0o644, 1)), chunk([]byte("x")), chunk(nil),
		header(record("/within", 0o644, 2)), chunk([]byte("x")),
		header(record("/unknown", 0o644, 2)), chunk([]byte("x")), {}, chunk([]byte("x")), chunk(nil),
		header(&connectors.Record{Pathname: "/bare"}),
		header(&connectors.Record{Pathname: "/failed", Error: "lost"}),
		header(&connectors.Record{Pathname: "/silent", FileInfo: &connectors.FileInfo{Mode: 0o644, Size: 5}}),
		header(record("/../outside", directory, 0)),
		header(record("/short", 0o644, 2)), chunk([]byte("x")),
	})
	if err != nil {
		t.Error(err)
	}
	for pathname, want := range map[string]string{
		"/whole":      "",
		"/within":     `the content of "/within" broke off: another record came within it`,
		"/unknown":    `the content of "/unknown" broke off: a packet of an unknown kind came within it`,
		"/bare":       `the record of "/bare" has no fileInfo`,
		"/failed":     "there is nothing to restore: lost",
		"/silent":     `"/silent" has 5 bytes, and none are sent`,
		"/../outside": `"/../outside" holds "..": it could leave the root`,
		"/short":      `the content of "/short" broke off: its source failed`,
	} {
		if result := results[pathname]; result == nil || result.Error != want {
			t.Errorf("%s: %v", pathname, result)
		}
	}
	if len(results) != 8 {
		t.Errorf("%d results", len(results))
	}
}

func TestExportReadsAllBeforeItFails(t *testing.T) {
	ctx, client, _ := startExporter(t, nil)
	requests := []*exporter.ExportRequest{header(record("/d", directory, 0)), chunk([]byte("stray"))}
	for range 5 {
		requests = append(requests, chunk(make([]byte, synthetic.ChunkSize)))
	}
	_, err := exportAll(ctx, client, requests)
	servingtest.ExpectError(t, err, "Export: data came before a record that has data")
}

func TestExportOfAttributes(t *testing.T) {
	ctx, client, response := startExporter(t, map[string]string{"xattrs": "1"})
	if response.Flags != 32 {
		t.Errorf("%v", response)
	}
	results, err := exportAll(ctx, client, []*exporter.ExportRequest{
		header(&connectors.Record{Pathname: "/f", IsXattr: true, XattrName: "user.a", HasReader: true}), chunk([]byte("x")), chunk(nil),
	})
	if err != nil || results["/f"].GetError() != "" || !results["/f"].GetHeader().GetIsXattr() {
		t.Errorf("%v, %v", results, err)
	}
}

func TestExporterFailures(t *testing.T) {
	ctx, host := servingtest.Connect(t, NewServer, "exporter", nil)
	client := exporter.NewExporterClient(host)
	_, err := exportAll(ctx, client, []*exporter.ExportRequest{header(record("/", directory, 0))})
	servingtest.ExpectError(t, err, "Export was called before Init")
	_, err = client.Init(ctx, &exporter.InitRequest{})
	servingtest.ExpectError(t, err, "the configuration has no location")
	_, err = client.Init(ctx, &exporter.InitRequest{Config: map[string]string{"location": "x://", "xattrs": "yes"}})
	if err == nil || !strings.Contains(err.Error(), `xattrs is "yes"`) {
		t.Error(err)
	}
}

func TestExactExportCountsBytes(t *testing.T) {
	for setting, failure := range map[string]string{"0": "", "1": `"/a" has 3 bytes, but 2 came`} {
		ctx, client, _ := startExporter(t, map[string]string{"exact": setting})
		results, err := exportAll(ctx, client, []*exporter.ExportRequest{
			header(record("/a", 0o644, 3)), chunk([]byte("ab")), chunk(nil),
			header(record("/b", 0o644, 2)), chunk([]byte("ab")), chunk(nil),
		})
		if err != nil || results["/a"].GetError() != failure || results["/b"] == nil || results["/b"].GetError() != "" {
			t.Errorf("exact=%s: %v, %v", setting, results, err)
		}
	}
}
