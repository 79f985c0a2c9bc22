package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ClientConfig is what a client is made of.
type ClientConfig struct {
	// URL is the address that the witness is known by, without /add-checkpoint.
	URL string
	// VKey is the witness's verifier key.
	VKey string
	// HTTP makes the requests; nil is a client with the system's certificates. Redirects are never followed.
	HTTP *http.Client
}

// Client asks one witness. Its methods may be called from several goroutines.
type Client struct {
	url      string
	verifier note.Verifier
	http     http.Client
}

// NewClient makes a client. It fails with [ErrConfig].
func NewClient(c ClientConfig) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: %.200q is no address of a witness; it has the form https://HOST/PATH", ErrConfig, c.URL)
	}
	v, err := parseVerifier(c.VKey)
	if err != nil {
		return nil, err
	}
	client := &Client{url: u.JoinPath(Path).String(), verifier: v}
	if c.HTTP != nil {
		client.http = *c.HTTP
	}
	client.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, nil
}

// Add asks for a cosignature of a checkpoint and returns its line, checked, with the line end. The proof leads to it from the tree of old leaves, the
// last one that the witness cosigned; for old 0 and for the same tree it is empty.
//
// It fails with [ConflictError], [ErrUnknownLog], [ErrUntrusted], [ErrInconsistent], [StatusError], and [ErrCosignature] where the answer
// proves nothing. The context limits how long it takes.
func (c *Client) Add(ctx context.Context, old int64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error) {
	text, err := noteText(checkpoint)
	if err != nil {
		return nil, fmt.Errorf("the witness was not asked: %w", err)
	}
	body := appendRequest(nil, old, proof, checkpoint)
	if _, err := parseRequest(body); err != nil || len(body) > maxBody {
		return nil, errors.Join(errors.New("the witness was not asked: this is no request that one answers"), err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the witness did not answer: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the witness's answer broke off: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, refused(response, answer, old)
	}
	return c.check(text, answer)
}

// check returns the line of the answer that is the witness's cosignature of a text. The text is looked at again, because an empty line in the answer makes
// all before it text, too, which a witness may have signed.
func (c *Client) check(text string, answer []byte) ([]byte, error) {
	n, err := note.Open(append([]byte(text+"\n"), answer...), note.VerifierList(c.verifier))
	if err != nil || n.Text != text {
		return nil, ErrCosignature
	}
	if at, err := cosignature.CoSigV1Timestamp(n.Sigs[0]); err != nil || at.Unix() < 0 {
		return nil, ErrCosignature // C2SP tlog-cosignature: it is at most 2^63-1
	}
	return signatureLine(n.Sigs[0]), nil
}

// refused makes an error of an answer that is none.
func refused(response *http.Response, answer []byte, old int64) error {
	switch response.StatusCode {
	case http.StatusNotFound:
		return ErrUnknownLog
	case http.StatusForbidden:
		return ErrUntrusted
	case http.StatusUnprocessableEntity:
		return ErrInconsistent
	case http.StatusConflict:
		kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
		digits, ended := strings.CutSuffix(string(answer), "\n")
		if size, ok := parseSize(digits); ok && ended && err == nil && kind == typeSize {
			return &ConflictError{Size: size, Old: old}
		}
	}
	return &StatusError{Status: response.StatusCode, Detail: printable(answer)}
}

// printable is the begin of a text that another machine sent, for people.
func printable(text []byte) string {
	clean := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	return strings.TrimSpace(strings.Map(clean, string(text[:min(len(text), maxDetail)])))
}
