package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/veilschema/veil/api"
)

// listen begins to answer requests.
func (p *process) listen(ctx context.Context) error {
	if !p.Role.answers() {
		return nil
	}
	p.closing, p.failed = make(chan struct{}), make(chan error, 1)
	handler, err := api.New(api.Config{
		Service: p.service, Health: p.db.Health, Version: p.Version, Log: p.Log, Limits: p.Limits, Closing: p.closing, Observe: p.metrics.Request,
	})
	if err != nil {
		return err
	}
	if p.traces != nil {
		handler = p.traces.Handler(handler)
	}
	server := api.Server(handler)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("the address %s cannot be answered at: %w; choose another one with --listen", p.Listen, err)
	}
	p.url = "http://" + listener.Addr().String()
	if p.TLSCert != "" {
		c := &certificate{cert: p.TLSCert, key: p.TLSKey}
		if _, err := c.get(nil); err != nil {
			return errors.Join(err, listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"http/1.1"}})
		p.url = "https://" + listener.Addr().String()
	}
	p.later(func() error { return p.drain(server) })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("nothing more can be answered at %s: %w", p.Listen, err)
		}
	}()
	return nil
}

// drain lets requests finish that are under way.
func (p *process) drain(server *http.Server) error {
	close(p.closing)
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		p.Log.Warn("requests were broken off; their clients send them again", "error", err)
		return server.Close()
	}
	return nil
}

// certificate is read again when its file changed, which is looked for once a second at most.
type certificate struct {
	cert, key string

	mu      sync.Mutex
	looked  time.Time        // mu
	changed time.Time        // mu; of the file that was read
	read    *tls.Certificate // mu
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read != nil && time.Since(c.looked) < time.Second {
		return c.read, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.cert)
	if err == nil && c.read != nil && info.ModTime().Equal(c.changed) {
		return c.read, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.cert, c.key)
	}
	switch {
	case err == nil:
		c.read, c.changed = &pair, info.ModTime()
	case c.read == nil:
		return nil, fmt.Errorf("the certificate %s with the key %s cannot be used: %w; give files in PEM that belong together", c.cert, c.key, err)
	}
	return c.read, nil // one that cannot be read now may be half written; the one before serves on
}
