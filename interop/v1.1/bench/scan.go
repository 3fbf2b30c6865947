//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"

	"kloset.invalid/interop/pipes/host"
	"kloset.invalid/interop/v1.1/gen/connectors"
	"kloset.invalid/interop/v1.1/gen/importer"
)

// waiting is the number of records that may wait for a worker or for their
// acknowledgement.
const waiting = 256

// scan is one Import call.
type scan struct {
	// next is called for every record in order, finished after the last one.
	next     func(*connectors.Record) error
	finished func() error
	// read reads the content of a record in one of the workers.
	read func(context.Context, *connectors.Record) error
}

// run passes every record to one of the workers while the scan continues, and
// acknowledges it when the worker has read its content, as Plakar does.
func (s scan) run(parent context.Context, client importer.ImporterClient, workers int) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stream, err := client.Import(ctx)
	if err != nil {
		return err
	}
	records := make(chan *connectors.Record, waiting)
	go func() {
		defer close(records)
		if err := s.receive(ctx, stream, records); err != nil {
			cancel(err)
		}
	}()
	done := make(chan *connectors.Record, waiting)
	acknowledged := make(chan error, 1)
	go func() { acknowledged <- acknowledge(stream, done) }()
	err = host.Each(ctx, workers, records, func(ctx context.Context, record *connectors.Record) error {
		if err := s.read(ctx, record); err != nil {
			return err
		}
		done <- record
		return nil
	})
	close(done)
	if err := errors.Join(err, <-acknowledged); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the plugin did not end the scan well: %w", err)
	}
	return nil
}

func (s scan) receive(ctx context.Context, stream importer.Importer_ImportClient, records chan<- *connectors.Record) error {
	for {
		response, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("the scan: %w", err)
		}
		if response.GetFinished() {
			return s.finished()
		}
		record := response.GetRecord()
		if err := s.next(record); err != nil {
			return err
		}
		select {
		case records <- record:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// acknowledge sends a Result for every record, then half-closes.
func acknowledge(stream importer.Importer_ImportClient, done <-chan *connectors.Record) error {
	var failed error
	for record := range done {
		if failed == nil {
			failed = stream.Send(&importer.ImportRequest{Result: &connectors.Result{Header: record}})
		}
	}
	if failed == nil {
		failed = stream.CloseSend()
	}
	return failed
}
