package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// call is one operation.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	kind         string // media type that the answer has to have
	most         int64  // bytes of the answer
	once         bool   // never tried again
}

// answer is what the service said.
type answer struct {
	header http.Header
	body   []byte
}

// do makes a call, again where that is safe and helps.
func (c *Client) do(ctx context.Context, k call) (*answer, error) {
	for attempt := 1; ; attempt++ {
		a, err := c.attempt(ctx, k, bytes.NewReader(k.body), int64(len(k.body)))
		if err == nil || k.once || attempt == attempts || !worthwhile(err) {
			return a, err
		}
		c.log.InfoContext(ctx, "trying again", "method", k.method, "attempt", attempt, "error", err)
		if err := pause(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

// json makes a call and decodes its answer.
func (c *Client) json(ctx context.Context, k call, to any) error {
	k.kind, k.most = "application/json", maxJSON
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, to); err != nil {
		return fmt.Errorf("the answer of the service at %s is not understood (%w); it may not be a Veil service, or a newer one than this program", c.base, err)
	}
	return nil
}

// worthwhile says whether to try again after an error.
func worthwhile(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.again()
	}
	u, lost := errors.AsType[*Unreachable](err)
	return lost && !u.untrusted()
}

// pause waits before the next attempt: as long as the service asked, else longer each time, with jitter.
func pause(ctx context.Context, attempt int, err error) error {
	wait := min(firstWait<<(attempt-1), maxWait)
	wait = wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter
	if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter > 0 {
		wait = min(e.RetryAfter, maxAsked)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request makes a request of a call.
func (c *Client) request(ctx context.Context, k call, body io.Reader, size int64) (*http.Request, error) {
	at := c.base + k.path
	if len(k.query) > 0 {
		at += "?" + k.query.Encode()
	}
	if size == 0 {
		body = http.NoBody
	}
	r, err := http.NewRequestWithContext(ctx, k.method, at, body)
	if err != nil {
		return nil, fmt.Errorf("the request cannot be made: %w", err)
	}
	r.ContentLength = size
	for name, values := range k.header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", c.agent)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return r, nil
}

// attempt makes one request and reads its answer. It ends when neither side says anything for too long.
func (c *Client) attempt(ctx context.Context, k call, body io.Reader, size int64) (*answer, error) {
	dog := watch(ctx, stall)
	defer dog.stop()
	r, err := c.request(dog.ctx, k, dog.reader(body), size)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	most := k.most
	if response.StatusCode != http.StatusOK {
		most = maxJSON
	}
	text, err := io.ReadAll(io.LimitReader(dog.reader(response.Body), most+1))
	if response.StatusCode/100 != 2 && (err == nil || len(text) > 0) {
		return nil, problem(response.StatusCode, response.Header, text)
	}
	switch {
	case err != nil:
		return nil, c.lost(ctx, err)
	case int64(len(text)) > most:
		return nil, fmt.Errorf("the answer of the service at %s is larger than %d bytes and was not read; it may not be a Veil service", c.base, most)
	}
	if got, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); k.kind != "" && (err != nil || got != k.kind) {
		return nil, fmt.Errorf("the answer of the service at %s is not understood, because it is no %s; it may not be a Veil service", c.base, k.kind)
	}
	return &answer{response.Header, text}, nil
}

// lost is the error for an answer that did not come.
func (c *Client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address is said already
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("it was silent for too long")
	}
	return &Unreachable{Server: c.base, Cause: err}
}

// dog ends a request that stalls.
type dog struct {
	ctx    context.Context //nolint:containedctx // it is the request's
	cancel context.CancelFunc
	timer  *time.Timer
	after  time.Duration
}

func watch(ctx context.Context, after time.Duration) *dog {
	ctx, cancel := context.WithCancel(ctx)
	return &dog{ctx, cancel, time.AfterFunc(after, cancel), after}
}

func (d *dog) stop() {
	d.timer.Stop()
	d.cancel()
}

// reader tells the dog of each read.
func (d *dog) reader(r io.Reader) io.Reader { return watched{d, r} }

type watched struct {
	dog *dog
	r   io.Reader
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 && w.dog.ctx.Err() == nil {
		w.dog.timer.Reset(w.dog.after)
	}
	return n, err
}
