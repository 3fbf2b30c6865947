package synthetic

import (
	"fmt"
	"sync"
)

// Session holds the connector that Init has opened. Close does not end it: hosts
// make calls while Close is answered, and delete a lock after it.
type Session[T any] struct {
	mutex  sync.RWMutex
	opened bool
	value  T
}

// Init opens the connector once. It may be called again after a failure.
func (s *Session[T]) Init(open func() (T, error)) (T, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var none T
	if s.opened {
		return none, fmt.Errorf("Init was called twice")
	}
	value, err := open()
	if err != nil {
		return none, err
	}
	s.opened, s.value = true, value
	return value, nil
}

// Get returns the connector that Init has opened.
func (s *Session[T]) Get(rpc string) (T, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if !s.opened {
		return s.value, fmt.Errorf("%s was called before Init", rpc)
	}
	return s.value, nil
}
