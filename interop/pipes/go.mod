module kloset.invalid/interop/pipes

go 1.25.0

require github.com/pkg/xattr v0.4.12

require golang.org/x/sys v0.0.0-20220408201424-a24fb2fb8a0f // indirect
