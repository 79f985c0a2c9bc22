//go:build !linux && !darwin && !freebsd

package memento

import "errors"

// freeBytes is not known on this system.
func freeBytes(string) (int64, error) { return 0, errors.ErrUnsupported }

// sameFileSystem is not known on this system.
func sameFileSystem(string, string) bool { return false }
