// Command plugin is the baseline plugin of generation v1.1: see interop/README.md.
//
//	plugin importer|exporter|storage [key=value ...]
package main

import (
	"kloset.invalid/interop/grpc/serving"
	"kloset.invalid/interop/v1.1/baseline"
)

func main() {
	serving.Command(baseline.NewServer)
}
