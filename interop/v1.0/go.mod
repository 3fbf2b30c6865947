module kloset.invalid/interop/v1.0

go 1.25.0

require (
	google.golang.org/grpc v1.77.0
	google.golang.org/protobuf v1.36.11
	kloset.invalid/interop/grpc v0.0.0-00010101000000-000000000000
	kloset.invalid/interop/pipes v0.0.0-00010101000000-000000000000
)

require (
	github.com/pkg/xattr v0.4.12 // indirect
	golang.org/x/net v0.46.1-0.20251013234738-63d1a5100f82 // indirect
	golang.org/x/sys v0.37.0 // indirect
	golang.org/x/text v0.30.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20251022142026-3a174f9686a8 // indirect
)

replace (
	kloset.invalid/interop/grpc => ../grpc
	kloset.invalid/interop/pipes => ../pipes
)
