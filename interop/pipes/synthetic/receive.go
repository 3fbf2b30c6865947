package synthetic

import (
	"errors"
	"fmt"
	"io"
)

// PutMessage is one message of a stream that puts a resource. Kind and MAC are
// read from the first one.
type PutMessage struct {
	Kind  int32
	MAC   []byte
	Chunk []byte
}

// Receive stores a resource as a whole or not at all: it commits only when next
// returns io.EOF, the end of the stream. It returns a failure only after the host
// has sent everything; earlier, the host would show "EOF" instead.
//
// The result is the length of the resource in bytes.
func Receive(open func() (Store, error), next func() (PutMessage, error)) (received int64, err error) {
	var ended error
	defer func() {
		for err != nil && ended == nil {
			_, ended = next()
		}
	}()
	message, ended := first(next)
	if ended != nil {
		return 0, ended
	}
	store, err := open()
	if err != nil {
		return 0, err
	}
	kind, err := ParseKind(message.Kind)
	if err != nil {
		return 0, err
	}
	mac, err := ParseMAC(message.MAC)
	if err != nil {
		return 0, err
	}
	upload, err := store.Put(kind, mac)
	if err != nil {
		return 0, err
	}
	defer upload.Discard()
	for {
		if len(message.MAC) > 0 && string(message.MAC) != string(mac[:]) {
			return received, fmt.Errorf("another MAC came within the data of %s %s", kind, mac)
		}
		if _, err := upload.Write(message.Chunk); err != nil {
			return received, err
		}
		received += int64(len(message.Chunk))
		if message, ended = next(); errors.Is(ended, io.EOF) {
			return received, upload.Commit()
		} else if ended != nil {
			return received, ended
		}
	}
}

func first(next func() (PutMessage, error)) (PutMessage, error) {
	message, err := next()
	if errors.Is(err, io.EOF) {
		err = errors.New("the stream ended before its first message")
	}
	return message, err
}
