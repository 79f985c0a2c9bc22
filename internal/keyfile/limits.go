package keyfile

import "github.com/veilschema/veil/keys"

// Hard limits of the package.
const (
	// maxFile is the largest key file in bytes. All sealed keys have one length.
	maxFile = keys.SealedSize

	// maxSource is the most that is read from a file descriptor: the longest passphrase and its line end.
	maxSource = keys.MaxPassphrase + 2

	// fileMode is the one mode of a key file, dirMode that of a directory made for one.
	fileMode, dirMode = 0o600, 0o700
)
