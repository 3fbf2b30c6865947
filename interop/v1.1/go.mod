module kloset.invalid/interop/v1.1

go 1.25.0

require (
	google.golang.org/grpc v1.81.1
	google.golang.org/protobuf v1.36.11
	kloset.invalid/interop/grpc v0.0.0-00010101000000-000000000000
	kloset.invalid/interop/pipes v0.0.0-00010101000000-000000000000
)

require (
	github.com/pkg/xattr v0.4.12 // indirect
	golang.org/x/net v0.51.0 // indirect
	golang.org/x/sys v0.42.0 // indirect
	golang.org/x/text v0.34.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260226221140-a57be14db171 // indirect
)

replace (
	kloset.invalid/interop/grpc => ../grpc
	kloset.invalid/interop/pipes => ../pipes
)
