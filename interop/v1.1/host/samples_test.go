//go:build unix

package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/v1.1/gen/inventory"
	"kloset.invalid/interop/v1.1/gen/secretprovider"
)

// samples is the folder of the sample plugins, which `npm run build` compiles.
const samples = "../../../examples/"

const (
	// identity was made for this test by age-keygen 1.1.1.
	identity = "AGE-SECRET-KEY-1F2Y6F3QK54WSZ9UXECSD097SD5X3X8KRCTQDPF7MTFA0HHNDQH8Q749TTS"
	// byAge is "correct horse battery\nuser: ann\n", encrypted by age 1.1.1.
	byAge = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA1V1RQdDlTY1BVeGJjSVpw
djBic3NNQlJJMFpyYVpXMWh2SlJYSDEzN25rClIzVXdUM2lYRUQ1MkJkSjVkZFVZ
OUZ3eGFzbG4zMHVvd0Q4RGp2TlE4K0kKLS0tIGV5aFBra1hrc21Od1k3VXRGekwy
RURLMTJyclJIWGNOM3ZNN25ZbUZQSHMK0neo0aOxyk/2DwE2qd1QIgzcO53DrlU9
HdW5OshjjvBuYSFXRSda2B6NeNfQ+HcmxR2ZtW8L3ink3+AwQ9W+0A==
-----END AGE ENCRYPTED FILE-----
`
	secret = "correct horse battery\nuser: ann"
)

// atOnce is the number of calls that plaklet makes at once, here at least two.
var atOnce = max(2, runtime.NumCPU())

// together makes calls at once and returns their errors.
func together(call func(n int) error) error {
	failures := make([]error, atOnce)
	var group sync.WaitGroup
	for n := range failures {
		group.Go(func() { failures[n] = call(n) })
	}
	group.Wait()
	return errors.Join(failures...)
}

func TestSecretsSample(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"db.age": byAge, "plain.age": secret} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, process := startScript(t, samples+"secrets/dist/run-secrets.js")
	conn, err := Dial(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	client := secretprovider.NewSecretProviderClient(conn)
	start := func(identity string) error {
		_, err := client.Init(ctx, &secretprovider.InitRequest{
			Config: map[string]string{"location": "age://" + folder, "identity": identity},
		})
		return err
	}
	wrong := identity[:len(identity)-1] + "T"
	err = start(wrong)
	if err == nil || !strings.Contains(err.Error(), `config key "identity"`) || strings.Contains(err.Error(), wrong) {
		t.Errorf("Init with a wrong identity: %v", err)
	}
	if err := start(identity); err != nil {
		t.Fatal(err)
	}
	if err := together(func(int) error {
		answer, err := client.Resolve(ctx, &secretprovider.ResolveRequest{Handle: "db"})
		if err == nil && answer.GetSecret() != secret {
			err = fmt.Errorf("resolved to %q", answer.GetSecret())
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	for handle, code := range map[string]codes.Code{
		"missing": codes.NotFound, "plain": codes.Unknown, "../db": codes.Unknown, "": codes.Unknown,
	} {
		_, err := client.Resolve(ctx, &secretprovider.ResolveRequest{Handle: handle})
		if status.Code(err) != code || strings.Contains(err.Error(), "correct horse") {
			t.Errorf("Resolve of %q: %v", handle, err)
		}
	}
	if _, err := client.Close(ctx, &secretprovider.CloseRequest{}); err != nil {
		t.Errorf("Close: %v", err)
	}
	exits(ctx, t, process, "")
}

func TestInventorySample(t *testing.T) {
	const container = `{"Id":"78d2faad","Names":["/web"],"Labels":{"team":"web"},` +
		`"NetworkSettings":{"Networks":{"front":{"IPAddress":"10.88.0.2","GlobalIPv6Address":"fd00::2"}}}}`
	answers := map[string]string{
		"/version":                        `{"ApiVersion":"1.41","Components":[{"Name":"Podman Engine"}]}`,
		"/v1.41/containers/json?all=true": "[" + container + "]",
		"/v1.41/images/json":              `[{"Id":"sha256:8e072f1a","RepoTags":["docker.io/library/notes:1.2"],"Labels":null}]`,
		"/v1.41/volumes":                  `{"Volumes":[{"Name":"data","Labels":{}}]}`,
	}
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	engine := &http.Server{Handler: http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		answer, ok := answers[request.URL.RequestURI()]
		if !ok {
			response.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(response, answer)
	})}
	go func() { _ = engine.Serve(listener) }()
	t.Cleanup(func() { _ = engine.Close() })

	ctx, process := startScript(t, samples+"inventory/dist/run-inventory.js")
	conn, err := Dial(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	client := inventory.NewInventoryClient(conn)
	config := map[string]string{"location": "containers://" + socket, "engine": "e"}
	if _, err := client.Init(ctx, &inventory.InitRequest{Config: config}); err != nil {
		t.Fatal(err)
	}
	front := map[string]string{"network": "front"}
	want := []*inventory.InventoryEntry{
		{
			Class: "compute", Resource: "container", Service: "podman", Urn: "urn:containers:e:container:78d2faad",
			Name: "web", Tags: []string{"team=web"}, Details: []byte(container), Endpoints: []*inventory.HostEndpoint{
				{Type: "inet4", Endpoint: "10.88.0.2", Attributes: front}, {Type: "inet6", Endpoint: "fd00::2", Attributes: front},
			},
		},
		{
			Class: "registry", Resource: "image", Service: "podman", Urn: "urn:containers:e:image:sha256%3A8e072f1a",
			Name: "docker.io/library/notes:1.2",
			// Empty labels stay an empty object.
			Details: []byte(`{"Id":"sha256:8e072f1a","RepoTags":["docker.io/library/notes:1.2"],"Labels":{}}`),
		},
		{
			Class: "file-storage", Resource: "volume", Service: "podman", Urn: "urn:containers:e:volume:data", Name: "data",
			Details: []byte(`{"Name":"data","Labels":{}}`),
		},
	}
	if err := together(func(int) error {
		got, err := list(ctx, client)
		if err == nil && !slices.EqualFunc(got, want, func(a, b *inventory.InventoryEntry) bool { return proto.Equal(a, b) }) {
			err = fmt.Errorf("entries %v, not %v", got, want)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	if _, err := client.Close(ctx, &inventory.CloseRequest{}); err != nil {
		t.Errorf("Close: %v", err)
	}
	exits(ctx, t, process, "")
}

// list reads a whole list, and fails for a message without an entry as the consumer does.
func list(ctx context.Context, client inventory.InventoryClient) ([]*inventory.InventoryEntry, error) {
	stream, err := client.List(ctx, &inventory.ListRequest{})
	if err != nil {
		return nil, err
	}
	var entries []*inventory.InventoryEntry
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err == nil && message.GetEntry() == nil {
			err = errors.New("a message has no entry")
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, message.GetEntry())
	}
}

// TestDriveSample restores files to the service and backs them up, as plaklet.
func TestDriveSample(t *testing.T) {
	drive := &drive{items: make(map[string]driveItem)}
	server := httptest.NewServer(drive)
	t.Cleanup(server.Close)
	at := host.Location{Proto: "drive", Config: map[string]string{
		"location": "drive://" + server.Listener.Addr().String(), "token": driveToken, "page_size": "3",
	}}

	modTime := time.Unix(1_700_000_000, 123_456_789)
	entry := func(path string, mode fs.FileMode, target, content string) tree.Entry {
		info := tree.Info{Name: filepath.Base(path), Mode: mode, ModTime: modTime, Size: int64(len(content)), Nlink: 1}
		return tree.Entry{Path: path, Info: info, Target: target, Sum: content}
	}
	entries := []tree.Entry{entry("/", fs.ModeDir|0o755, "", "")}
	for n := range 20 {
		entries = append(entries, entry(fmt.Sprintf("/%02d.txt", n), 0o640, "", strings.Repeat("x", n*1000)))
	}
	entries = append(entries, entry("/link", fs.ModeSymlink|0o777, "00.txt", ""))

	ctx, process := startScript(t, samples+"drive/dist/run-exporter.js")
	client, err := Connect(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	exporter, err := client.Exporter(ctx, at, host.Options{MaxConcurrency: int64(atOnce)})
	if err != nil {
		t.Fatal(err)
	}
	open := func(entry tree.Entry) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(entry.Sum)), nil }
	failures, err := exporter.Restore(ctx, entries, open, 1)
	if err != nil || len(failures) > 0 {
		t.Errorf("restore: %v, %v", failures, err)
	}
	if err := exporter.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	exits(ctx, t, process, "")

	want := make(map[string]string)
	for _, entry := range entries {
		want[entry.Path] = fmt.Sprintf("%v %d %q %q", entry.Info.Mode, entry.Info.ModTime.UnixNano(), entry.Target, entry.Sum)
	}
	if got, failed := backUpDrive(t, at); len(failed) > 0 || !maps.Equal(got, want) {
		t.Errorf("failed %q; %q, not %q", failed, got, want)
	}
	drive.items["/gone.txt"] = driveItem{Kind: "file", Path: "/gone.txt", Modified: "0", Attachment: "/attachment?path=/gone.txt", gone: true}
	if _, failed := backUpDrive(t, at); len(failed) != 1 || !strings.Contains(failed["/gone.txt"], "410 this attachment was deleted") {
		t.Errorf("the errors that fail the job: %q", failed)
	}
}

// backUpDrive returns the entries and the errors by path, of which plaklet accepts none.
func backUpDrive(t *testing.T, at host.Location) (entries, failed map[string]string) {
	t.Helper()
	ctx, process := startScript(t, samples+"drive/dist/run-importer.js")
	client, err := Connect(process.Conn)
	if err != nil {
		t.Fatal(err)
	}
	importer, err := client.Importer(ctx, at, host.Options{
		Hostname: "plaklet", OS: runtime.GOOS, Arch: runtime.GOARCH, Cwd: "/", MaxConcurrency: int64(atOnce),
	})
	if err != nil {
		t.Fatal(err)
	}
	entries, failed = make(map[string]string), make(map[string]string)
	var mu sync.Mutex
	if err := importer.Scan(ctx, atOnce, func(ctx context.Context, record host.Record) error {
		var content []byte
		failure := record.Error
		if record.HasReader {
			reader := importer.Open(ctx, record)
			var err error
			if content, err = io.ReadAll(reader); err != nil {
				failure = err.Error()
			}
			_ = reader.Close()
		}
		mu.Lock()
		defer mu.Unlock()
		if failure != "" {
			failed[record.Pathname] = failure
		}
		entries[record.Pathname] = fmt.Sprintf("%v %d %q %q", record.Info.Mode, record.Info.ModTime.UnixNano(), record.Target, content)
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := importer.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	exits(ctx, t, process, "")
	return entries, failed
}

const driveToken = "example-token-of-the-drive"

// drive is the service that the sample backs up, with its items in memory.
type drive struct {
	mu    sync.Mutex
	items map[string]driveItem
}

type driveItem struct {
	Kind       string `json:"kind"`
	Path       string `json:"path"`
	Mode       uint32 `json:"mode"`
	Modified   string `json:"modified"`
	Target     string `json:"target,omitempty"`
	Size       int    `json:"size"`
	Attachment string `json:"attachment,omitempty"`
	content    []byte
	gone       bool
}

func (d *drive) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	query := request.URL.Query()
	path := query.Get("path")
	item := d.items[path]
	switch {
	case request.Header.Get("Authorization") != "Bearer "+driveToken:
		http.Error(response, "this token is not known", http.StatusUnauthorized)
	case request.Method == http.MethodGet && request.URL.Path == "/items":
		_ = json.NewEncoder(response).Encode(d.page(query.Get("after"), query.Get("limit")))
	case request.Method == http.MethodGet && item.gone:
		http.Error(response, "this attachment was deleted", http.StatusGone)
	case request.Method == http.MethodGet:
		_, _ = response.Write(item.content)
	default:
		body, err := io.ReadAll(request.Body)
		item.Path = path
		if request.URL.Path == "/attachment" {
			item.Kind, item.content, item.Size = "file", body, len(body)
			item.Attachment = request.URL.String()
		} else {
			err = errors.Join(err, json.NewDecoder(bytes.NewReader(body)).Decode(&item))
		}
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		d.items[path] = item
	}
}

// page returns the items after a path, and the request for those that follow.
func (d *drive) page(after, limit string) map[string]any {
	paths := slices.Sorted(maps.Keys(d.items))
	start, found := slices.BinarySearch(paths, after)
	if found {
		start++
	}
	size, _ := strconv.Atoi(limit)
	end := min(start+size, len(paths))
	items := make([]driveItem, 0, size)
	for _, path := range paths[start:end] {
		items = append(items, d.items[path])
	}
	page := map[string]any{"items": items}
	if end < len(paths) {
		page["next"] = "/items?limit=" + limit + "&after=" + paths[end-1]
	}
	return page
}
