package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/veilschema/veil/internal/service"
)

const idEvents = "watch-comparison"

func (s *server) events(api huma.API) {
	op := operation("GET", "/v1/comparisons/{id}/events", idEvents, "Watch a comparison until it has ended (server-sent events)", maxJSON)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "event: comparison, id: a sequence, data: the comparison as JSON; a comment every ten seconds",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(api, op, func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
		if _, err := service.Ask(ctx, s.Service, actor(ctx), service.GetComparison{ID: in.ID}); err != nil {
			return nil, s.problem(ctx, err) // before the stream begins, so that it is a problem document
		}
		return &huma.StreamResponse{Body: func(c huma.Context) { s.stream(c.Context(), in) }}, nil
	})
}

// stream tells changes until the comparison has ended, the client is gone or the service closes.
func (s *server) stream(ctx context.Context, in *ByID) {
	ctx, cancel := context.WithCancel(ctx)
	changes := make(chan *service.Comparison)
	go func() {
		defer close(changes)
		_ = s.Service.Watch(ctx, actor(ctx), in.ID, func(c *service.Comparison) error { // the client asks again, and is told
			select {
			case changes <- c:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	defer func() { // the watcher ends before its request does
		cancel()
		for c := range changes {
			_ = c
		}
	}()
	w := response(ctx)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		text := ": still here\n\n"
		select {
		case c, more := <-changes:
			if !more {
				return
			}
			data, err := json.Marshal(c)
			if err != nil {
				return
			}
			text = fmt.Sprintf("event: comparison\nid: %d\ndata: %s\n\n", c.Sequence, data)
		case <-tick.C:
		case <-s.Closing:
			return
		case <-ctx.Done():
			return
		}
		if send(w, text) != nil {
			return
		}
	}
}

// send writes to a client that has to take it in time.
func send(w http.ResponseWriter, text string) error {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(eventTimeout)) // recorders of tests have none
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return control.Flush()
}
