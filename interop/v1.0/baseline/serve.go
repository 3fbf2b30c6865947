// Package baseline is the plugin of this generation: synthetic data behind the
// services that Plakar calls, on the version of grpc-go that Plakar uses.
package baseline

import (
	"google.golang.org/grpc"

	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/pipes/synthetic"
	"kloset.invalid/interop/v1.0/gen/exporter"
	"kloset.invalid/interop/v1.0/gen/importer"
	"kloset.invalid/interop/v1.0/gen/store"
)

// NewServer makes a server for one connector: see [serving.Maker].
func NewServer(connector string, defaults synthetic.Config) (*grpc.Server, error) {
	return serving.NewServer(connector, map[string]func(*grpc.Server){
		"importer": func(server *grpc.Server) {
			importer.RegisterImporterServer(server, &importerServer{defaults: defaults})
		},
		"exporter": func(server *grpc.Server) {
			exporter.RegisterExporterServer(server, &exporterServer{defaults: defaults})
		},
		"storage": func(server *grpc.Server) {
			store.RegisterStoreServer(server, &storeServer{defaults: defaults})
		},
	})
}
