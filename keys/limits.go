package keys

// Hard limits of the package. Everything that is read from outside is held against these numbers
// before memory or time is spent on it.
const (
	// SecretSize is the length of every key, seed and nonce of this package in bytes.
	SecretSize = 32

	// MaxPassphrase is the longest passphrase in bytes. Argon2id hashes any length; the limit keeps
	// a file that was given by mistake from being taken for a passphrase.
	MaxPassphrase = 1024

	// MaxContext is the longest context of a sealed secret in bytes.
	MaxContext = 1024

	// The range of Argon2id's number of passes. The least is what RFC 9106 allows.
	minArgonPasses, maxArgonPasses = 1, 10

	// The range of Argon2id's memory in KiB: 8 MiB to 512 MiB.
	minArgonMemory, maxArgonMemory = 8 << 10, 512 << 10

	// The range of Argon2id's lanes.
	minArgonLanes, maxArgonLanes = 1, 16
)
