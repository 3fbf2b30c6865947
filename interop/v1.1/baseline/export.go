package baseline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/exporter"
)

// resultsLimit bounds the results that wait for the host to read them, whatever
// concurrency it announces.
const resultsLimit = 1024

type exportStream = grpc.BidiStreamingServer[exporter.ExportRequest, exporter.ExportResponse]

// export is one Export call: a stream of records, each followed by its data.
type export struct {
	stream  exportStream
	sink    *openedSink
	results chan *connectors.Result
	// early is a record that arrived within the content of another.
	early *connectors.Record
}

func newExport(stream exportStream, sink *openedSink) *export {
	waiting := min(max(sink.maxConcurrency, 1), resultsLimit)
	return &export{stream: stream, sink: sink, results: make(chan *connectors.Result, waiting)}
}

func (e *export) run() error {
	sent := make(chan error, 1)
	go func() { sent <- e.sendResults() }()
	err := e.receiveRecords()
	if err == nil && e.sink.folder != nil {
		err = e.sink.folder.Finish()
	}
	close(e.results)
	if failed := <-sent; err == nil {
		err = failed
	}
	return err
}

// sendResults drains the results even if the host accepts no more, so that senders
// never block.
func (e *export) sendResults() (failed error) {
	for result := range e.results {
		if failed == nil {
			failed = e.stream.Send(&exporter.ExportResponse{Result: result})
		}
	}
	return failed
}

func (e *export) receiveRecords() error {
	for {
		record, err := e.nextRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		failure, broken := e.take(record)
		// The record is echoed whole: hosts crash otherwise.
		result := &connectors.Result{Header: record}
		if failure != nil {
			result.Error = failure.Error()
		}
		if broken != nil && !errors.Is(broken, io.EOF) {
			return broken
		}
		e.results <- result
	}
}

// nextRecord skips packets of unknown kinds, which a newer host may send.
func (e *export) nextRecord() (*connectors.Record, error) {
	if record := e.early; record != nil {
		e.early = nil
		return record, nil
	}
	for {
		request, err := e.stream.Recv()
		if err != nil {
			return nil, err
		}
		switch packet := request.GetPacket().(type) {
		case *exporter.ExportRequest_Record:
			return packet.Record, nil
		case *exporter.ExportRequest_Chunk:
			drain(e.stream)
			return nil, errors.New("Export: data came before a record that has data")
		}
	}
}

// take restores one record: to the folder, or by discarding it.
//
// failure is reported to the host; broken is the reason that the stream ended
// within the content.
func (e *export) take(record *connectors.Record) (failure, broken error) {
	var interrupted error
	var received uint64
	var made *making
	failure = e.check(record)
	if failure == nil && e.sink.folder != nil {
		made, failure = begin(e.sink.folder, record)
	}
	if record.GetHasReader() {
		received, interrupted, broken = e.readContent(record.GetPathname(), made)
	}
	if made != nil {
		defer func() { failure = made.end(failure) }()
	}
	if failure == nil {
		failure = interrupted
	}
	if failure == nil && e.sink.Exact && record.GetHasReader() && !record.GetIsXattr() {
		failure = synthetic.CheckSize(record.GetPathname(), uint64(record.GetFileInfo().GetSize()), received)
	}
	return failure, broken
}

func (e *export) check(record *connectors.Record) error {
	pathname, info := record.GetPathname(), record.GetFileInfo()
	if err := e.sink.Check(pathname); err != nil {
		return err
	}
	if record.GetError() != "" {
		return fmt.Errorf("there is nothing to restore: %s", record.GetError())
	}
	if record.GetIsXattr() {
		if record.GetXattrName() == "" {
			return fmt.Errorf("an extended attribute of %q has no name", pathname)
		}
		return nil
	}
	if info == nil {
		return fmt.Errorf("the record of %q has no fileInfo", pathname)
	}
	if fs.FileMode(info.GetMode()).IsRegular() && !record.GetHasReader() && info.GetSize() > 0 {
		return fmt.Errorf("%q has %d bytes, and none are sent", pathname, info.GetSize())
	}
	return nil
}

// readContent reads to the empty chunk that ends a file. Without that chunk the
// file is incomplete: its source has failed.
func (e *export) readContent(pathname string, made *making) (received uint64, interrupted, broken error) {
	for {
		request, err := e.stream.Recv()
		if err != nil {
			return received, fmt.Errorf("the content of %q broke off: its source failed", pathname), err
		}
		switch packet := request.GetPacket().(type) {
		case *exporter.ExportRequest_Chunk:
			if len(packet.Chunk) == 0 {
				return received, interrupted, nil
			}
			received += uint64(len(packet.Chunk))
			made.write(packet.Chunk)
		case *exporter.ExportRequest_Record:
			e.early = packet.Record
			return received, fmt.Errorf("the content of %q broke off: another record came within it", pathname), nil
		default:
			interrupted = fmt.Errorf("the content of %q broke off: a packet of an unknown kind came within it", pathname)
		}
	}
}
