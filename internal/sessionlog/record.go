package sessionlog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// event says what a record records.
type event uint8

const (
	eventUnknown  event = 0
	eventSession  event = 1 // the session was begun
	eventResponse event = 2 // this response is the session's one
)

// A record, byte by byte; numbers are big-endian:
//
//	0  4   "vsl" and the version, 1
//	4  1   event
//	5  3   zero
//	8  8   number of the record, from 0
//	16 32  session hash
//	48 32  digest of the response; zero where a session begins
//	80 32  checksum: SHA-256 over a tag, the checksum of the record before it (zero for the first) and bytes 0 to 80
const (
	recordMagic = "vsl\x01"
	bodySize    = 80
	recordSize  = bodySize + sha256.Size
	checksumTag = "veil/v1/sessionlog/record"
)

// record is one line of the log.
type record struct {
	event   event
	number  uint64
	session [32]byte
	digest  [32]byte
}

// errTorn says that bytes are no record that could stand at this place.
var errTorn = errors.New("the checksum of the record does not fit")

// append appends the record's bytes, given the checksum of the one before it.
func (r record) append(b []byte, before [sha256.Size]byte) []byte {
	start := len(b)
	b = append(b, recordMagic...)
	b = append(b, byte(r.event), 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, r.number)
	b = append(b, r.session[:]...)
	b = append(b, r.digest[:]...)
	sum := checksum(before, b[start:])
	return append(b, sum[:]...)
}

// parseRecord is the strict inverse of append, for a record with this number.
func parseRecord(b []byte, number uint64, before [sha256.Size]byte) (record, [sha256.Size]byte, error) {
	if len(b) != recordSize {
		return record{}, before, errTorn
	}
	r := record{event: event(b[4]), number: binary.BigEndian.Uint64(b[8:]), session: [32]byte(b[16:]), digest: [32]byte(b[48:])}
	sum := checksum(before, b[:bodySize])
	if sum != [sha256.Size]byte(b[bodySize:]) {
		return record{}, before, errTorn
	}
	known := r.event == eventSession && r.digest == [32]byte{} || r.event == eventResponse
	if string(b[:4]) != recordMagic || [3]byte(b[5:]) != [3]byte{} || r.number != number || !known {
		return record{}, before, errors.New("the record is none that this release writes")
	}
	return r, sum, nil
}

// beginsLikeRecord tells a record that reached the disk in part, as what was written or as zeros, from
// the end of a file that is no log and must not be cut.
func beginsLikeRecord(b []byte) bool {
	for i, c := range b[:min(len(b), len(recordMagic))] {
		if c != recordMagic[i] && c != 0 {
			return false
		}
	}
	return true
}

func checksum(before [sha256.Size]byte, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(checksumTag))
	h.Write(before[:])
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}
