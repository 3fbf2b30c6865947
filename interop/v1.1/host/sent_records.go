//go:build unix

package host

import (
	"fmt"
	"sync"

	"kloset.invalid/interop/v1.1/gen/connectors"
)

// sentRecords holds the records that have no result yet.
type sentRecords struct {
	mu    sync.Mutex
	byKey map[string]*connectors.Record
}

func newSentRecords() *sentRecords {
	return &sentRecords{byKey: make(map[string]*connectors.Record)}
}

func (s *sentRecords) add(record *connectors.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byKey[keyOf(record)] = record
}

// answered fails for an unexpected result, a second one, and one that does not
// echo its record.
func (s *sentRecords) answered(header *connectors.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, ok := s.byKey[keyOf(header)]
	if !ok {
		return fmt.Errorf("a result came for %q, which waits for none", keyOf(header))
	}
	delete(s.byKey, keyOf(header))
	return equal(record, header)
}

func (s *sentRecords) unanswered() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.byKey {
		return fmt.Errorf("%d records got no result, %q among them", len(s.byKey), key)
	}
	return nil
}
