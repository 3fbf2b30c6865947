package baseline

import (
	"context"

	"google.golang.org/grpc"

	"kloset.invalid/interop/pipes/disk"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.1/gen/exporter"
)

// flagExportXattr asks the host for extended attributes.
const flagExportXattr = 32

type exporterServer struct {
	exporter.UnimplementedExporterServer
	defaults synthetic.Config
	session  synthetic.Session[*openedSink]
}

// openedSink is the target of a restore: one that keeps nothing, or a folder.
type openedSink struct {
	*synthetic.Sink
	folder         *disk.Target
	maxConcurrency int64
}

func (s *exporterServer) Init(_ context.Context, request *exporter.InitRequest) (*exporter.InitResponse, error) {
	opened, err := s.session.Init(func() (*openedSink, error) {
		return openSink(s.defaults.With(request.GetConfig()), request.GetOptions().GetMaxconcurrency())
	})
	if err != nil {
		return nil, err
	}
	response := &exporter.InitResponse{Origin: "localhost", Type: "synthetic", Root: opened.Root}
	if opened.Attributes {
		response.Flags = flagExportXattr
	}
	return response, nil
}

func openSink(config synthetic.Config, maxConcurrency int64) (*openedSink, error) {
	sink, err := synthetic.OpenSink(config)
	if err != nil {
		return nil, err
	}
	opened := &openedSink{Sink: sink, maxConcurrency: maxConcurrency}
	onDisk, err := config.Switch("disk")
	if err == nil && onDisk {
		sink.Attributes = true
		opened.folder, err = disk.OpenTarget(config)
	}
	return opened, err
}

func (s *exporterServer) Ping(context.Context, *exporter.PingRequest) (*exporter.PingResponse, error) {
	if _, err := s.session.Get("Ping"); err != nil {
		return nil, err
	}
	return &exporter.PingResponse{}, nil
}

func (s *exporterServer) Export(stream grpc.BidiStreamingServer[exporter.ExportRequest, exporter.ExportResponse]) error {
	sink, err := s.session.Get("Export")
	if err != nil {
		drain(stream)
		return err
	}
	return newExport(stream, sink).run()
}

func (s *exporterServer) Close(context.Context, *exporter.CloseRequest) (*exporter.CloseResponse, error) {
	if _, err := s.session.Get("Close"); err != nil {
		return nil, err
	}
	return &exporter.CloseResponse{}, nil
}

// drain reads the rest of the host's stream; otherwise the host would show "EOF"
// instead of an earlier failure.
func drain(stream grpc.BidiStreamingServer[exporter.ExportRequest, exporter.ExportResponse]) {
	for {
		if _, err := stream.Recv(); err != nil {
			return
		}
	}
}
