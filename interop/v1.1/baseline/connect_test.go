package baseline

import (
	"testing"

	"kloset.invalid/interop/grpc/servingtest"
)

func TestThereAreThreeConnectors(t *testing.T) {
	servingtest.UnknownConnector(t, NewServer)
}

func TestPingsAreNeverAnsweredWithGoAway(t *testing.T) {
	servingtest.NoGoAwayOnPings(t, NewServer)
}
