package synthetic

import (
	"bytes"
	"fmt"
	"sync"
)

type resource struct {
	kind Kind
	mac  MAC
}

// memoryStore keeps everything in maps. Values are replaced and never changed, so
// a reader keeps the content that it has opened.
type memoryStore struct {
	name      string
	uploads   uploadBuffers
	mutex     sync.RWMutex
	created   bool
	config    []byte
	resources map[resource][]byte
	size      int64
}

func newMemoryStore(name string, buffers Buffers) *memoryStore {
	return &memoryStore{name: name, uploads: newUploadBuffers(buffers), resources: map[resource][]byte{}}
}

func (s *memoryStore) Create(config []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.created {
		return fmt.Errorf("there is a repository in %s already", s.name)
	}
	s.created, s.config = true, bytes.Clone(config)
	return nil
}

func (s *memoryStore) Open() ([]byte, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if !s.created {
		return nil, errNoRepository(s.name)
	}
	return s.config, nil
}

func (s *memoryStore) List(kind Kind) ([]MAC, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	var macs []MAC
	for key := range s.resources {
		if key.kind == kind {
			macs = append(macs, key.mac)
		}
	}
	return macs, nil
}

func (s *memoryStore) Put(kind Kind, mac MAC) (Upload, error) {
	return &memoryUpload{Buffer: s.uploads.take(), store: s, resource: resource{kind, mac}}, nil
}

func (s *memoryStore) Get(kind Kind, mac MAC) (Content, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	content, found := s.resources[resource{kind, mac}]
	if !found {
		return nil, errNoResource(kind, mac)
	}
	return memoryContent{bytes.NewReader(content)}, nil
}

func (s *memoryStore) Delete(kind Kind, mac MAC) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	content, found := s.resources[resource{kind, mac}]
	if !found {
		return errNoResource(kind, mac)
	}
	delete(s.resources, resource{kind, mac})
	s.size -= int64(len(content))
	return nil
}

func (s *memoryStore) Size() (int64, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	return s.size, nil
}

type memoryUpload struct {
	*bytes.Buffer
	store    *memoryStore
	resource resource
}

func (u *memoryUpload) Commit() error {
	content := u.store.uploads.contentOf(u.Buffer)
	u.store.mutex.Lock()
	defer u.store.mutex.Unlock()
	u.store.size += int64(len(content)) - int64(len(u.store.resources[u.resource]))
	u.store.resources[u.resource] = content
	return nil
}

// Discard has nothing to undo: the buffer is not visible to readers.
func (u *memoryUpload) Discard() {
	u.store.uploads.giveBack(u.Buffer)
	// Another upload may own it now.
	u.Buffer = new(bytes.Buffer)
}

type memoryContent struct{ *bytes.Reader }

func (memoryContent) Close() error { return nil }
