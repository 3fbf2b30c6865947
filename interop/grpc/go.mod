module kloset.invalid/interop/grpc

go 1.25.0

// The oldest grpc-go that is used: each generation's module chooses its own.
require (
	google.golang.org/grpc v1.77.0
	google.golang.org/protobuf v1.36.11
	kloset.invalid/interop/pipes v0.0.0-00010101000000-000000000000
)

require (
	github.com/pkg/xattr v0.4.12 // indirect
	golang.org/x/net v0.46.1-0.20251013234738-63d1a5100f82 // indirect
	golang.org/x/sys v0.37.0 // indirect
	golang.org/x/text v0.30.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20251022142026-3a174f9686a8 // indirect
)

replace kloset.invalid/interop/pipes => ../pipes
