//go:build unix

package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	grpchost "kloset.invalid/interop/grpc/host"
	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/pipes/tree"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/exporter"
)

// flagExportXattr asks for extended attributes (contract, section 4).
const flagExportXattr = 32

var _ host.SnapshotExporter = (*exporterHost)(nil)

type exporterHost struct {
	client   exporter.ExporterClient
	identity host.Identity
}

// Exporter calls Init.
func (c *Client) Exporter(ctx context.Context, at host.Location, options host.Options) (host.Exporter, error) {
	client := exporter.NewExporterClient(c.Conn)
	answer, err := client.Init(ctx, &exporter.InitRequest{
		Options: &exporter.Options{
			Hostname: options.Hostname, Os: options.OS, Arch: options.Arch, Cwd: options.Cwd,
			Maxconcurrency: options.MaxConcurrency, Excludes: options.Excludes, Noxattr: options.NoXattr,
		},
		Proto:  at.Proto,
		Config: at.Config,
	})
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	return &exporterHost{client, host.Identity{
		Type: answer.GetType(), Origin: answer.GetOrigin(), Root: answer.GetRoot(), Flags: answer.GetFlags(),
	}}, nil
}

func (e *exporterHost) Identity(context.Context) (host.Identity, error) { return e.identity, nil }

// Restore sends everything on one stream, and extended attributes, if the plugin
// asks for them, after all files. The plugin chooses the number of workers.
func (e *exporterHost) Restore(ctx context.Context, entries []tree.Entry, open host.OpenFile, _ int) (map[string]error, error) {
	var attributes []host.Attribute
	for _, entry := range entries {
		for _, name := range slices.Sorted(maps.Keys(entry.Xattrs)) {
			attributes = append(attributes, host.Attribute{Pathname: entry.Path, Name: name, Value: entry.Xattrs[name]})
		}
	}
	return e.RestoreSubtree(ctx, entries, attributes, open)
}

// RestoreSubtree sends the attributes as they are: see [host.SnapshotExporter].
func (e *exporterHost) RestoreSubtree(parent context.Context, entries []tree.Entry, attributes []host.Attribute, open host.OpenFile) (map[string]error, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	stream, err := e.client.Export(ctx)
	if err != nil {
		return nil, grpchost.Unwrap(err)
	}
	sent := newSentRecords()
	var sending error
	done := make(chan struct{})
	go func() {
		defer close(done)
		sending = errors.Join(e.send(stream, sent, entries, attributes, open), stream.CloseSend())
	}()
	failures, err := receive(stream, sent)
	if err != nil {
		cancel()
	}
	// Sources stay open until then.
	<-done
	if err != nil {
		return failures, err
	}
	return failures, errors.Join(sending, sent.unanswered())
}

func receive(stream interface {
	Recv() (*exporter.ExportResponse, error)
}, sent *sentRecords) (map[string]error, error) {
	failures := make(map[string]error)
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return failures, nil
		}
		if err != nil {
			return failures, grpchost.Unwrap(err)
		}
		header := answer.GetResult().GetHeader()
		if err := sent.answered(header); err != nil {
			return failures, err
		}
		if text := answer.GetResult().GetError(); text != "" {
			failures[keyOf(header)] = errors.New(text)
		}
	}
}

func (e *exporterHost) Close(ctx context.Context) error {
	_, err := e.client.Close(ctx, &exporter.CloseRequest{})
	return grpchost.Unwrap(err)
}

type exportStream interface {
	Send(*exporter.ExportRequest) error
}

// send stops where a source fails: the half-close follows in the middle of a file.
func (e *exporterHost) send(stream exportStream, sent *sentRecords, entries []tree.Entry, attributes []host.Attribute, open host.OpenFile) error {
	for _, entry := range entries {
		record := &connectors.Record{
			Pathname: entry.Path, Target: entry.Target, FileInfo: fileInfoOf(entry.Info),
			HasReader:          entry.Info.Mode.IsRegular(),
			ExtendedAttributes: slices.Sorted(maps.Keys(entry.Xattrs)),
		}
		var source io.ReadCloser
		if record.HasReader {
			var err error
			if source, err = open(entry); err != nil {
				return err
			}
		}
		if err := sendRecord(stream, sent, record, source); err != nil {
			return err
		}
	}
	if e.identity.Flags&flagExportXattr == 0 {
		return nil
	}
	for _, attribute := range attributes {
		record := &connectors.Record{
			Pathname: attribute.Pathname, IsXattr: true, XattrName: attribute.Name,
			XattrType: connectors.ExtendedAttributeType(attribute.Kind), HasReader: true,
		}
		value := io.NopCloser(bytes.NewReader([]byte(attribute.Value)))
		if err := sendRecord(stream, sent, record, value); err != nil {
			return err
		}
	}
	return nil
}

func sendRecord(stream exportStream, sent *sentRecords, record *connectors.Record, source io.ReadCloser) error {
	sent.add(record)
	if err := stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Record{Record: record}}); err != nil {
		return err
	}
	if source == nil {
		return nil
	}
	defer func() { _ = source.Close() }()
	buffer := make([]byte, host.ChunkSize)
	for {
		n, err := source.Read(buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n > 0 {
			if err := stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Chunk{Chunk: buffer[:n]}}); err != nil {
				return err
			}
		}
		if err != nil {
			// One empty chunk ends the file.
			return stream.Send(&exporter.ExportRequest{Packet: &exporter.ExportRequest_Chunk{}})
		}
	}
}

// keyOf names a record: an entry by its path, an attribute by its path and name.
func keyOf(record *connectors.Record) string {
	if record.GetIsXattr() {
		return record.GetPathname() + ":" + record.GetXattrName()
	}
	return record.GetPathname()
}

// equal fails unless a header is echoed whole: hosts crash otherwise.
func equal(a, b *connectors.Record) error {
	if !proto.Equal(a, b) {
		return fmt.Errorf("the result of %q echoes %v, not %v", keyOf(a), b, a)
	}
	return nil
}
