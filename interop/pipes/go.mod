module kloset.invalid/interop/pipes

go 1.25.0
