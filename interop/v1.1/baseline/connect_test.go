package baseline

import (
	"testing"

	"kloset.invalid/interop/grpc/servingtest"
)

func TestThereAreThreeConnectors(t *testing.T) {
	servingtest.ThereAreThreeConnectors(t, NewServer)
}

func TestPingsAreNeverAnsweredWithGoAway(t *testing.T) {
	servingtest.PingsAreNeverAnsweredWithGoAway(t, NewServer)
}
