package witness

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/tlog"
)

// emptyRoot is the root of a tree without leaves (RFC 6962, section 2.1).
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// checkpoint is what a log says of its tree.
type checkpoint struct {
	origin string
	size   int64 // leaves, from 0 to maxSize
	root   tlog.Hash
}

// parseCheckpoint reads the text of a checkpoint's note. Only the one encoding that the format prescribes is read: the library alone would take
// leading zeros and stray bits of base64, too.
func parseCheckpoint(text string) (checkpoint, error) {
	var c log.Checkpoint
	extensions, err := c.Unmarshal([]byte(text))
	switch {
	case err != nil:
		return checkpoint{}, errors.New("the checkpoint does not begin with the lines origin, size and root")
	case len(c.Hash) != tlog.HashSize:
		return checkpoint{}, errors.New("the checkpoint's root is not of 32 bytes")
	case c.Size > maxSize:
		return checkpoint{}, errors.New("the checkpoint's tree has more than 2^62 leaves")
	case !strings.HasPrefix(text, string(c.Marshal())):
		return checkpoint{}, errors.New("the checkpoint's size or root is not written in the one way that there is")
	case !wholeLines(extensions):
		return checkpoint{}, errors.New("the checkpoint's extension lines are not all lines with something in them")
	}
	return checkpoint{c.Origin, int64(c.Size), tlog.Hash(c.Hash)}, nil
}

// wholeLines says whether a text consists of lines, none of which is empty.
func wholeLines(text []byte) bool {
	return len(text) == 0 || text[0] != '\n' && text[len(text)-1] == '\n' && !bytes.Contains(text, []byte("\n\n"))
}

// parseSize reads the number of a tree's leaves as the formats write it: in decimal, without leading zeros.
func parseSize(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= maxSize && strconv.FormatInt(n, 10) == text
}
