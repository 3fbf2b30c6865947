package baseline

import (
	"context"
	"testing"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/exporter"
)

func startExporter(t *testing.T, location string) (context.Context, exporter.ExporterClient) {
	t.Helper()
	ctx, host := servingtest.Connect(t, NewServer, "exporter", nil)
	client := exporter.NewExporterClient(host)
	if _, err := client.Init(ctx, &exporter.InitRequest{Config: map[string]string{"location": location}}); err != nil {
		t.Fatal(err)
	}
	return ctx, client
}

func header(pathname string, size uint64) *exporter.StoreFileRequest {
	return &exporter.StoreFileRequest{Type: &exporter.StoreFileRequest_Header{Header: &exporter.Header{Pathname: pathname, Size: size}}}
}

func data(size int) *exporter.StoreFileRequest {
	return &exporter.StoreFileRequest{Type: &exporter.StoreFileRequest_Data{Data: &exporter.Data{Chunk: make([]byte, size)}}}
}

// storeFile fails the test if the plugin answers before everything was sent.
func storeFile(t *testing.T, ctx context.Context, client exporter.ExporterClient, requests ...*exporter.StoreFileRequest) error {
	t.Helper()
	stream, err := client.StoreFile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		if err := stream.Send(request); err != nil {
			t.Errorf("not everything was taken: %v", err)
			break
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}

func TestRestore(t *testing.T) {
	ctx, client := startExporter(t, "gosynth:///srv/out")
	if root, err := client.Root(ctx, &exporter.RootRequest{}); root.GetRootPath() != "/srv/out" {
		t.Errorf("%v, %v", root, err)
	}
	for range 2 {
		if _, err := client.CreateDirectory(ctx, &exporter.CreateDirectoryRequest{Pathname: "/srv/out/d"}); err != nil {
			t.Error(err)
		}
	}
	for _, requests := range [][]*exporter.StoreFileRequest{
		{header("/srv/out/empty", 0), data(0)},
		{header("/srv/out/none", 0)},
		{header("/srv/out/d/f", 3<<20), data(1 << 20), data(1 << 20), data(1 << 20)},
	} {
		if err := storeFile(t, ctx, client, requests...); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.SetPermissions(ctx, &exporter.SetPermissionsRequest{Pathname: "/srv/out/d", FileInfo: &exporter.FileInfo{}}); err != nil {
		t.Error(err)
	}
	for _, link := range []*exporter.CreateLinkRequest{
		{Oldname: "/nonexistent", Newname: "/srv/out/l", Ltype: 1},
		{Oldname: "/srv/out/d/f", Newname: "/srv/out/h", Ltype: 0},
	} {
		if _, err := client.CreateLink(ctx, link); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Close(ctx, &exporter.CloseRequest{}); err != nil {
		t.Error(err)
	}
}

func TestStoreFileFailsWhatDidNotComeWhole(t *testing.T) {
	ctx, client := startExporter(t, "gosynth:///srv")
	mega := []*exporter.StoreFileRequest{data(1 << 20), data(1 << 20), data(1 << 20)}
	for _, c := range []struct {
		want     string
		requests []*exporter.StoreFileRequest
	}{
		{`"/srv/short" has 10 bytes, but 3 came`, []*exporter.StoreFileRequest{header("/srv/short", 10), data(3)}},
		{`"/srv/long" has 2 bytes, but 3145728 came`, append([]*exporter.StoreFileRequest{header("/srv/long", 2)}, mega...)},
		{"StoreFile: the stream ended before its header", nil},
		{"StoreFile: the first message is not a header", mega},
		{`StoreFile: a message that is no data came within the data of "/srv/a"`, append([]*exporter.StoreFileRequest{header("/srv/a", 2), header("/srv/b", 2)}, mega...)},
		{`"/etc/passwd" is not below the root "/srv"`, append([]*exporter.StoreFileRequest{header("/etc/passwd", 2)}, mega...)},
	} {
		servingtest.ExpectError(t, storeFile(t, ctx, client, c.requests...), c.want)
	}
}

func TestExporterFailures(t *testing.T) {
	ctx, host := servingtest.Connect(t, NewServer, "exporter", synthetic.Config{"location": "gosynth:///srv"})
	client := exporter.NewExporterClient(host)
	servingtest.ExpectError(t, storeFile(t, ctx, client, header("/srv/a", 0), data(1<<20)), "StoreFile was called before Init")
	if _, err := client.Init(ctx, &exporter.InitRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateDirectory(ctx, &exporter.CreateDirectoryRequest{Pathname: "/srv/../etc"})
	servingtest.ExpectError(t, err, `"/srv/../etc" is not below the root "/srv"`)
	_, err = client.SetPermissions(ctx, &exporter.SetPermissionsRequest{Pathname: "/srv/a"})
	servingtest.ExpectError(t, err, `SetPermissions: the request for "/srv/a" has no file info`)
	_, err = client.CreateLink(ctx, &exporter.CreateLinkRequest{Oldname: "/etc/passwd", Newname: "/srv/a"})
	servingtest.ExpectError(t, err, `"/etc/passwd" is not below the root "/srv"`)
	_, err = client.CreateLink(ctx, &exporter.CreateLinkRequest{Oldname: "/srv/b", Newname: "/srv/a", Ltype: 7})
	servingtest.ExpectError(t, err, "CreateLink: ltype is 0 (hard) or 1 (symbolic): 7")
}
