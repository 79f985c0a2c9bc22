package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Secret is a token. It does not print.
type Secret string

// String hides it.
func (Secret) String() string { return "[secret]" }

// GoString hides it.
func (Secret) GoString() string { return "[secret]" }

// LogValue hides it.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides it.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Reveal returns the token itself, to be shown or kept once.
func (s Secret) Reveal() string { return string(s) }

// Config says which service to talk to, and as whom.
type Config struct {
	// Server is the address, such as https://veil.example.org: https, or http where it is this machine. Required.
	Server string
	// Token is who asks; empty for what nobody has to be known for.
	Token Secret
	// CA are certificates (PEM) to trust instead of the system's.
	CA []byte
	// UserAgent names the program, such as "veil 0.1.0".
	UserAgent string
	// Log gets why something was tried again; nil logs nothing.
	Log *slog.Logger
	// Transport carries the requests instead of this package's own; for tests.
	Transport http.RoundTripper
}

// Client talks to one service. Safe for concurrent use.
type Client struct {
	base  string
	token Secret
	agent string
	http  *http.Client
	log   *slog.Logger
}

// New makes a client. Nothing is sent yet.
func New(c Config) (*Client, error) {
	base, err := address(c.Server)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(string(c.Token), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token has characters that no token has; copy it again, without spaces and line ends")
	}
	transport := c.Transport
	if transport == nil {
		if transport, err = newTransport(c.CA); err != nil {
			return nil, err
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{
		base: base, token: c.Token, agent: c.UserAgent, log: c.Log,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Server returns the service's address in its one form: scheme, host and port.
func (c *Client) Server() string { return c.base }

func newTransport(ca []byte) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 50 * time.Second, MaxIdleConnsPerHost: 8,
		DisableCompression: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if ca != nil {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("the certificates to trust are not PEM; give a file that begins with -----BEGIN CERTIFICATE-----")
		}
	}
	return t, nil
}

// address brings the address of a service into its one form.
func address(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "", fmt.Errorf("%q is no address of a service; give one such as https://veil.example.org", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", errors.New("the address of a service is a scheme, a host and a port and nothing more; give one such as https://veil.example.org:8420")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", fmt.Errorf("http://%s would carry the token in clear over a network; use https, or the address of this machine", u.Host)
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%q is no address of a service; it begins with https://", text)
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	if u.Port() == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host, nil
}

// loopback says whether a host is this machine, by its address and not by what a resolver may say, but for the one name that is never resolved
// elsewhere (RFC 6761).
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
