package main

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"kloset.invalid/interop/grpc/servingtest"
	"kloset.invalid/interop/v1.0/gen/store"
)

func TestMain(m *testing.M) {
	servingtest.Command(m, main)
}

func TestCommand(t *testing.T) {
	servingtest.TestsOfCommand(t, useStore)
}

func useStore(ctx context.Context, t *testing.T, host *grpc.ClientConn) {
	t.Helper()
	client := store.NewStoreClient(host)
	if _, err := client.Init(ctx, &store.InitRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(ctx, &store.CreateRequest{Config: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	if response, err := client.Open(ctx, &store.OpenRequest{}); string(response.GetConfig()) != "kept" {
		t.Errorf("%v, %v", response, err)
	}
}
