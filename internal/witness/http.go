package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Path is where a witness takes checkpoints, after the address that others know it by.
const Path = "/add-checkpoint"

// typeSize is the content type of an answer that says the size of the last tree.
const typeSize = "text/x.tlog.size"

// Handler answers requests at [Path] and at no other.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, w.handle)
	return mux
}

// handle answers one request. How long the body is at most is said before any of it is read.
func (w *Witness) handle(to http.ResponseWriter, r *http.Request) {
	to.Header().Set("X-Content-Type-Options", "nosniff")
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	default:
		to.Header().Set("Retry-After", "1")
		w.refuse(to, refusef(http.StatusServiceUnavailable, "this witness is busy; ask again in a second"))
		return
	}
	body, no := readBody(to, r)
	if no != nil {
		w.refuse(to, no)
		return
	}
	line, no := w.add(body)
	if no != nil {
		w.refuse(to, no)
		return
	}
	to.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = to.Write(line) // who does not get it asks again
}

func readBody(to http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLong := refusef(http.StatusRequestEntityTooLarge, "the request has more than %d bytes; send fewer signatures", maxBody)
	if r.ContentLength > maxBody {
		to.Header().Set("Connection", "close") // rather than reading it all for the next request's sake
		return nil, tooLong
	}
	body, err := io.ReadAll(http.MaxBytesReader(to, r.Body, maxBody))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLong
	}
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "the request broke off; send it again")
	}
	return body, nil
}

func (w *Witness) refuse(to http.ResponseWriter, no *refusal) {
	if no.cause != nil {
		w.log.Error("a checkpoint was not cosigned", "answer", no.says, "error", no.cause)
	}
	kind := "text/plain; charset=utf-8"
	if no.status == http.StatusConflict {
		kind = typeSize
	}
	to.Header().Set("Content-Type", kind)
	to.WriteHeader(no.status)
	fmt.Fprintln(to, no.says)
}

// Serve answers at a listener until the context ends, lets requests under way end, and closes the listener.
func (w *Witness) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("nothing more can be answered at %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	return stop(server)
}

func stop(server *http.Server) error {
	// A context of its own: that of Serve has ended, which is why it stops.
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off, for they did not end within %s", stopTimeout.Round(time.Second)), server.Close())
	}
	return nil
}
