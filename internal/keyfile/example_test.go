package keyfile_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/veilschema/veil/internal/keyfile"
)

// A machine makes its key file once, with a sealing key from its environment.
func ExampleCreateRoot() {
	dir, err := os.MkdirTemp("", "keyfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of an example
	env := map[string]string{keyfile.EnvKey: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
	from := &keyfile.Sources{Getenv: func(name string) string { return env[name] }}
	path := filepath.Join(dir, "tenant.key")
	if _, err := keyfile.CreateRoot(context.Background(), path, rand.Reader, from); err != nil {
		fmt.Println(err)
		return
	}
	_, err = keyfile.CreateRoot(context.Background(), path, rand.Reader, from)
	info, statErr := os.Stat(path)
	if statErr != nil {
		fmt.Println(statErr)
		return
	}
	fmt.Println(info.Mode(), info.Size(), err != nil)
	// Output: -rw------- 116 true
}
