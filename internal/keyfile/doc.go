// Package keyfile keeps sealed keys in files and finds what opens them.
//
// # Files
//
// A key file holds one sealed key (see package keys) and nothing else. It has mode 0600, comes into being whole or
// not at all, and is never written again:
//
//	.name.RANDOM  created with O_EXCL and 0600, written, synced
//	     │ link(2), which fails where the name is taken and follows nothing
//	     ▼
//	name          the first name goes, the directory is synced
//
// A full disk or a crash leaves at most the first name, which no reader looks at. Reading refuses
// symbolic links, everything that is no regular file, files that others may read or write, and files that are
// larger than a key. File systems without hard links or Unix modes are refused as a place for keys.
//
// # Sources
//
// What seals and opens comes from exactly one of these, by [Sources]:
//
//	VEIL_KEY            the machine's sealing key itself, 64 hexadecimal digits or 43 of base64url
//	VEIL_KEY_FD         number of a file descriptor from which that key is read
//	VEIL_PASSPHRASE_FD  number of a file descriptor from which a passphrase is read
//	the terminal        asks for a passphrase, twice when a key is made
//
// Two of them at once are refused: nobody should have to know which one wins. File descriptors are better than the
// environment, which every process of the same user can read; VEIL_KEY is at least removed from
// it once it was read, so that no child inherits it.
package keyfile
