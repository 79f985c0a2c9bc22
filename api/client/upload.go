package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// Submit sends the submission, and goes on where it broke off: in this call, or in an earlier one of another process. Progress is told how many
// bytes are on their way, of how many; it may be nil.
func (c *Client) Submit(ctx context.Context, id uuid.UUID, message []byte, progress func(sent, total int64)) (*Comparison, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	u := upload{client: c, path: comparisonPath(id, "submission"), message: message, progress: progress}
	furthest := int64(-1)
	for attempt := 1; ; attempt++ {
		offset, err := u.offset(ctx)
		if err != nil {
			return nil, err
		}
		if offset > furthest {
			furthest, attempt = offset, 1 // whoever comes further may try again
		}
		out, err := u.send(ctx, offset)
		if err == nil || attempt == attempts || !u.worthwhile(err) {
			return out, err
		}
		c.log.InfoContext(ctx, "the upload broke off", "offset", offset, "attempt", attempt, "error", err)
		if err := pause(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

type upload struct {
	client   *Client
	path     string
	message  []byte
	progress func(sent, total int64)
}

// worthwhile says whether to ask for the offset and go on: also where the service's offset was another one, or it waited in vain for a part.
func (u *upload) worthwhile(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok && (e.Code == CodeOffset || e.Status == http.StatusRequestTimeout) {
		return true
	}
	return worthwhile(err)
}

// offset asks how far the submission has come.
func (u *upload) offset(ctx context.Context) (int64, error) {
	a, err := u.client.do(ctx, call{method: http.MethodHead, path: u.path})
	if err != nil {
		return 0, err
	}
	offset, err := strconv.ParseInt(a.header.Get("Upload-Offset"), 10, 64)
	length, err2 := strconv.ParseInt(a.header.Get("Upload-Length"), 10, 64)
	switch {
	case err != nil || err2 != nil || offset < 0 || offset > length:
		return 0, &Unreachable{Server: u.client.base, Cause: errors.New("it does not say how far the submission has come")}
	case length != int64(len(u.message)):
		return 0, fmt.Errorf("the service takes a submission of %d bytes and this one has %d; open another comparison", length, len(u.message))
	}
	return offset, nil
}

// send sends the rest.
func (u *upload) send(ctx context.Context, offset int64) (*Comparison, error) {
	sum := sha256.Sum256(u.message)
	body := &counted{r: bytes.NewReader(u.message[offset:]), sent: offset, upload: u}
	a, err := u.client.attempt(ctx, call{
		method: http.MethodPut, path: u.path, kind: "application/json", most: maxJSON, header: http.Header{
			"Content-Type": {octetStream}, "Upload-Offset": {strconv.FormatInt(offset, 10)},
			"Repr-Digest": {"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"},
		},
	}, body, int64(len(u.message))-offset)
	if err != nil {
		return nil, err
	}
	var out Comparison
	if err := json.Unmarshal(a.body, &out); err != nil {
		return nil, fmt.Errorf("the answer of the service at %s is not understood (%w); it may not be a Veil service, or a newer one than this program", u.client.base, err)
	}
	return &out, nil
}

// counted tells of each part that is taken from it.
type counted struct {
	r      io.Reader
	sent   int64
	upload *upload
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sent += int64(n)
	if n > 0 {
		c.upload.progress(c.sent, int64(len(c.upload.message)))
	}
	return n, err
}
