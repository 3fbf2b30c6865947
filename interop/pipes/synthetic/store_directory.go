package synthetic

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// directoryStore keeps a repository in files: CONFIG, and <kind>/<MAC in hex>. A
// file is written below tmp and renamed when it is whole and synced: other
// processes list and read at the same time, and must never see a part.
type directoryStore struct {
	root string
	// sync makes resources survive a crash of the machine.
	sync bool
}

func (s *directoryStore) Create(config []byte) error {
	if err := os.MkdirAll(s.root, 0o700); err != nil {
		return err
	}
	switch names, err := os.ReadDir(s.root); {
	case err != nil:
		return err
	case len(names) > 0:
		if _, err := os.Stat(s.configPath()); err == nil {
			return fmt.Errorf("there is a repository in %s already", s.root)
		}
		return fmt.Errorf("directory %s is not empty", s.root)
	}
	for _, name := range append([]string{"tmp"}, kindNames[1:]...) {
		if err := os.Mkdir(filepath.Join(s.root, name), 0o700); err != nil {
			return err
		}
	}
	// Last: CONFIG marks the repository as complete.
	upload, err := s.begin(s.configPath())
	if err != nil {
		return err
	}
	defer upload.Discard()
	if _, err := upload.Write(config); err != nil {
		return err
	}
	return upload.Commit()
}

func (s *directoryStore) Open() ([]byte, error) {
	config, err := os.ReadFile(s.configPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoRepository(s.root)
	}
	return config, err
}

func (s *directoryStore) List(kind Kind) ([]MAC, error) {
	files, err := os.ReadDir(filepath.Join(s.root, kind.String()))
	if err != nil {
		return nil, err
	}
	var macs []MAC
	for _, file := range files {
		bytes, err := hex.DecodeString(file.Name())
		if err != nil || len(bytes) != len(MAC{}) {
			continue
		}
		macs = append(macs, MAC(bytes))
	}
	return macs, nil
}

func (s *directoryStore) Put(kind Kind, mac MAC) (Upload, error) {
	return s.begin(s.path(kind, mac))
}

func (s *directoryStore) Get(kind Kind, mac MAC) (Content, error) {
	file, err := os.Open(s.path(kind, mac))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoResource(kind, mac)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return fileContent{file, info.Size()}, nil
}

func (s *directoryStore) Delete(kind Kind, mac MAC) error {
	err := os.Remove(s.path(kind, mac))
	if errors.Is(err, fs.ErrNotExist) {
		return errNoResource(kind, mac)
	}
	return err
}

func (s *directoryStore) Size() (int64, error) {
	var size int64
	for _, name := range kindNames[1:] {
		files, err := os.ReadDir(filepath.Join(s.root, name))
		if err != nil {
			return 0, err
		}
		for _, file := range files {
			info, err := file.Info()
			if errors.Is(err, fs.ErrNotExist) {
				// Deleted meanwhile.
				continue
			}
			if err != nil {
				return 0, err
			}
			size += info.Size()
		}
	}
	return size, nil
}

func (s *directoryStore) configPath() string { return filepath.Join(s.root, "CONFIG") }

func (s *directoryStore) path(kind Kind, mac MAC) string {
	return filepath.Join(s.root, kind.String(), mac.String())
}

func (s *directoryStore) begin(target string) (*fileUpload, error) {
	file, err := os.CreateTemp(filepath.Join(s.root, "tmp"), "put-")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoRepository(s.root)
	}
	if err != nil {
		return nil, err
	}
	return &fileUpload{File: file, target: target, sync: s.sync}, nil
}

type fileUpload struct {
	*os.File
	target    string
	sync      bool
	committed bool
}

func (u *fileUpload) Commit() error {
	var failed error
	if u.sync {
		failed = u.Sync()
	}
	if err := errors.Join(failed, u.Close()); err != nil {
		return err
	}
	if err := os.Rename(u.Name(), u.target); err != nil {
		return err
	}
	u.committed = true
	if !u.sync {
		return nil
	}
	return syncDirectory(filepath.Dir(u.target))
}

func (u *fileUpload) Discard() {
	if u.committed {
		return
	}
	_ = u.Close()
	_ = os.Remove(u.Name())
}

// syncDirectory makes a new name survive a crash.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

type fileContent struct {
	*os.File
	size int64
}

func (c fileContent) Size() int64 { return c.size }
