package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Follow tells f how a comparison is, at once and after each change, until it has ended, f fails or ctx is done. Where the stream breaks off it
// is taken up again.
func (c *Client) Follow(ctx context.Context, id uuid.UUID, f func(Comparison) error) error {
	for attempt := 1; ; attempt++ {
		told, ended, err := c.stream(ctx, id, f)
		if told {
			attempt = 1
		}
		if e, ok := errors.AsType[*Error](err); ok && !ended && e.Status == http.StatusTooManyRequests {
			return c.poll(ctx, id, f) // the token has no stream left
		}
		if ended || attempt == attempts || !worthwhile(err) {
			return err
		}
		if err := pause(ctx, attempt, err); err != nil {
			return err
		}
	}
}

// poll tells f of a comparison without a stream of events.
func (c *Client) poll(ctx context.Context, id uuid.UUID, f func(Comparison) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for last := (Comparison{}); ; {
		is, err := c.Comparison(ctx, id)
		if err != nil {
			return err
		}
		if *is != last {
			last = *is
			err = f(*is)
		}
		if err != nil || is.Ended() {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stream reads one stream of events. It says whether anything was told, and whether there is no more to tell.
func (c *Client) stream(ctx context.Context, id uuid.UUID, f func(Comparison) error) (told, ended bool, err error) {
	dog := watch(ctx, streamStall)
	defer dog.stop()
	k := get(comparisonPath(id, "events"))
	k.header = http.Header{"Accept": {"text/event-stream"}}
	r, err := c.request(dog.ctx, k, nil, 0)
	if err != nil {
		return false, false, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return false, false, c.lost(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(dog.reader(response.Body), maxJSON))
		return false, false, problem(response.StatusCode, response.Header, text)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		return false, true, fmt.Errorf("the server at %s answers with no stream of events; it may not be a Veil service", c.base)
	}
	events := newEvents(dog.reader(response.Body))
	for {
		data, err := events.next("comparison")
		if errors.Is(err, io.EOF) {
			return told, false, &Unreachable{Server: c.base, Cause: errors.New("the stream of events broke off")}
		}
		if err != nil {
			return told, false, c.lost(ctx, err)
		}
		var is Comparison
		if err := json.Unmarshal(data, &is); err != nil || is.ID != id {
			return told, true, fmt.Errorf("the server at %s sends events that are not about this comparison; it may not be a Veil service", c.base)
		}
		told = true
		if err := f(is); err != nil || is.Ended() {
			return true, true, err
		}
	}
}

// events reads server-sent events.
type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4<<10), maxEvent)
	return &events{s}
}

// next returns the data of the next event of a kind. It fails with io.EOF at the end and with another error where an event is too large.
func (e *events) next(kind string) ([]byte, error) {
	var data []byte
	is := "message"
	for e.lines.Scan() {
		line := e.lines.Bytes()
		if len(line) == 0 {
			if is == kind && data != nil {
				return data, nil
			}
			data, is = nil, "message"
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			is = string(value)
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			if data = append(data, value...); len(data) > maxEvent {
				return nil, errors.New("an event is larger than events are")
			}
		}
	}
	if err := e.lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}
