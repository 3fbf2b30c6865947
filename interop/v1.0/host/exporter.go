//go:build unix

package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"sync"

	"google.golang.org/protobuf/types/known/timestamppb"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/v1.0/gen/exporter"
)

// Kinds of links on the wire.
const (
	hardLink = 0
	symlink  = 1
)

type exporterHost struct {
	client exporter.ExporterClient
	cookie string
	root   string
}

// Exporter calls Init and asks for the root, which becomes part of every pathname.
func (c *Client) Exporter(ctx context.Context, at host.Location, options host.Options) (host.Exporter, error) {
	client := exporter.NewExporterClient(c.Conn)
	answer, err := client.Init(ctx, &exporter.InitRequest{
		Options: &exporter.Options{Maxconcurrency: options.MaxConcurrency},
		Proto:   at.Proto,
		Config:  at.Config,
	})
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	root, err := client.Root(ctx, &exporter.RootRequest{Cookie: answer.GetCookie()})
	return &exporterHost{client, answer.GetCookie(), root.GetRootPath()}, grpchost.Unwrap(err)
}

func (e *exporterHost) Identity(context.Context) (host.Identity, error) {
	return host.Identity{Root: e.root}, nil
}

// Restore makes directories first, then files and links, and sets the permissions
// of directories at the end, deepest first. It sends neither pipes nor devices nor
// extended attributes.
func (e *exporterHost) Restore(ctx context.Context, entries []tree.Entry, open host.OpenFile, workers int) (map[string]error, error) {
	run := restore{exporterHost: e, open: open, failures: make(map[string]error), first: make(map[inode]string)}
	var files, names, directories []tree.Entry
	for _, entry := range entries {
		switch mode := entry.Info.Mode; {
		case mode.IsDir():
			directories = append(directories, entry)
			run.note(entry, run.directory(ctx, entry.Path))
		case mode&fs.ModeSymlink != 0:
			run.note(entry, run.link(ctx, entry))
		case !mode.IsRegular():
		case run.isFirst(entry):
			files = append(files, entry)
		default:
			names = append(names, entry)
		}
	}
	queue := make(chan tree.Entry, len(files))
	for _, file := range files {
		queue <- file
	}
	close(queue)
	err := host.Each(ctx, workers, queue, func(ctx context.Context, entry tree.Entry) error {
		run.note(entry, run.file(ctx, entry))
		return ctx.Err()
	})
	if err != nil {
		return run.failures, err
	}
	for _, name := range names {
		run.note(name, run.hardLink(ctx, name))
	}
	for i := len(directories) - 1; i >= 0; i-- {
		// The top of a restore keeps the attributes it has.
		if entry := directories[i]; entry.Path != "/" {
			run.note(entry, run.permissions(ctx, entry))
		}
	}
	return run.failures, nil
}

func (e *exporterHost) Close(ctx context.Context) error {
	_, err := e.client.Close(ctx, &exporter.CloseRequest{Cookie: e.cookie})
	return grpchost.Unwrap(err)
}

type inode struct{ dev, ino uint64 }

type restore struct {
	*exporterHost
	open host.OpenFile
	// first names of files that have several.
	first map[inode]string

	mu       sync.Mutex
	failures map[string]error
}

func (r *restore) note(entry tree.Entry, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[entry.Path] = err
}

func (r *restore) at(pathname string) string { return path.Join(r.root, pathname) }

func (r *restore) isFirst(entry tree.Entry) bool {
	if entry.Info.Nlink < 2 {
		return true
	}
	key := inode{entry.Info.Dev, entry.Info.Ino}
	if _, known := r.first[key]; known {
		return false
	}
	r.first[key] = entry.Path
	return true
}

func (r *restore) directory(ctx context.Context, pathname string) error {
	_, err := r.client.CreateDirectory(ctx, &exporter.CreateDirectoryRequest{Pathname: r.at(pathname), Cookie: r.cookie})
	return grpchost.Unwrap(err)
}

func (r *restore) link(ctx context.Context, entry tree.Entry) error {
	if err := r.directory(ctx, path.Dir(entry.Path)); err != nil {
		return err
	}
	_, err := r.client.CreateLink(ctx, &exporter.CreateLinkRequest{
		Oldname: entry.Target, Newname: r.at(entry.Path), Ltype: symlink, Cookie: r.cookie,
	})
	if err != nil {
		return grpchost.Unwrap(err)
	}
	return r.permissions(ctx, entry)
}

func (r *restore) hardLink(ctx context.Context, entry tree.Entry) error {
	first := r.first[inode{entry.Info.Dev, entry.Info.Ino}]
	_, err := r.client.CreateLink(ctx, &exporter.CreateLinkRequest{
		Oldname: r.at(first), Newname: r.at(entry.Path), Ltype: hardLink, Cookie: r.cookie,
	})
	return grpchost.Unwrap(err)
}

func (r *restore) permissions(ctx context.Context, entry tree.Entry) error {
	info := entry.Info
	_, err := r.client.SetPermissions(ctx, &exporter.SetPermissionsRequest{
		Pathname: r.at(entry.Path),
		FileInfo: &exporter.FileInfo{
			Name: info.Name, Mode: uint32(info.Mode), ModTime: timestamppb.New(info.ModTime),
			Dev: info.Dev, Ino: info.Ino, Uid: info.UID, Gid: info.GID, Nlink: uint32(info.Nlink),
		},
		Cookie: r.cookie,
	})
	return grpchost.Unwrap(err)
}

func (r *restore) file(ctx context.Context, entry tree.Entry) error {
	if err := r.directory(ctx, path.Dir(entry.Path)); err != nil {
		return err
	}
	if err := r.store(ctx, entry); err != nil {
		return err
	}
	return r.permissions(ctx, entry)
}

// store sends the header and the data. If the source fails, it half-closes early,
// as 1.0.6 does, and returns the source's error.
func (r *restore) store(ctx context.Context, entry tree.Entry) error {
	stream, err := r.client.StoreFile(ctx)
	if err != nil {
		return grpchost.Unwrap(err)
	}
	header := &exporter.Header{Pathname: r.at(entry.Path), Size: uint64(entry.Info.Size)}
	sent := stream.Send(&exporter.StoreFileRequest{
		Type: &exporter.StoreFileRequest_Header{Header: header}, Cookie: r.cookie,
	})
	source, err := r.open(entry)
	if err != nil {
		_, _ = stream.CloseAndRecv()
		return err
	}
	defer func() { _ = source.Close() }()
	buffer := make([]byte, host.ChunkSize)
	for first := true; sent == nil; first = false {
		n, err := source.Read(buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			_, refused := stream.CloseAndRecv()
			return &SourceError{Source: err, Answer: grpchost.Unwrap(refused)}
		}
		// An empty file comes with one empty message.
		if n > 0 || first {
			sent = stream.Send(&exporter.StoreFileRequest{
				Type: &exporter.StoreFileRequest_Data{Data: &exporter.Data{Chunk: buffer[:n]}}, Cookie: r.cookie,
			})
		}
		if err != nil {
			break
		}
	}
	if sent != nil {
		return grpchost.Unwrap(sent)
	}
	_, err = stream.CloseAndRecv()
	return grpchost.Unwrap(err)
}

// SourceError reports a file that the host could not read to its end.
type SourceError struct {
	// Source is the host's error, and Answer the plugin's answer to the short stream.
	Source, Answer error
}

func (e *SourceError) Error() string { return e.Source.Error() }
func (e *SourceError) Unwrap() error { return e.Answer }
