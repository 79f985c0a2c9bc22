package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/veilschema/veil/compare"
)

const octetStream = "application/octet-stream"

// OpenComparison opens a comparison with a template (slug@version) of the digest that was pinned. The same key and message again open no
// second one.
func (c *Client) OpenComparison(ctx context.Context, key uuid.UUID, reference, digest string, message []byte) (*Comparison, error) {
	var out Comparison
	return &out, c.json(ctx, call{
		method: http.MethodPost, path: "/v1/comparisons", query: url.Values{"template": {reference}, "digest": {digest}},
		header: http.Header{"Content-Type": {octetStream}, "Idempotency-Key": {key.String()}}, body: message,
	}, &out)
}

// Comparisons lists the tenant's comparisons, newest first.
func (c *Client) Comparisons(ctx context.Context) iter.Seq2[Comparison, error] {
	return pages[Comparison](ctx, c, "/v1/comparisons", nil)
}

// Comparison says where a comparison is.
func (c *Client) Comparison(ctx context.Context, id uuid.UUID) (*Comparison, error) {
	return c.comparison(ctx, id, get(comparisonPath(id, "")))
}

// DeleteComparison deletes what the service keeps of a comparison. That there was one stays in its log.
func (c *Client) DeleteComparison(ctx context.Context, id uuid.UUID) (*Comparison, error) {
	return c.comparison(ctx, id, call{method: http.MethodDelete, path: comparisonPath(id, "")})
}

// Send sends a message other than the open and the submission.
func (c *Client) Send(ctx context.Context, id uuid.UUID, t compare.Type, message []byte) (*Comparison, error) {
	return c.comparison(ctx, id, call{
		method: http.MethodPut, path: comparisonPath(id, t.String()), header: http.Header{"Content-Type": {octetStream}}, body: message,
	})
}

// comparison makes a call that is about one comparison and answered with it.
func (c *Client) comparison(ctx context.Context, id uuid.UUID, k call) (*Comparison, error) {
	var out Comparison
	if err := c.json(ctx, k, &out); err != nil {
		return nil, err
	}
	if out.ID != id {
		return nil, fmt.Errorf("the service at %s answered with another comparison than %s; it may not be a Veil service", c.base, id)
	}
	return &out, nil
}

// Message reads a message of a comparison. The response is [CodePending] while it is being made.
func (c *Client) Message(ctx context.Context, id uuid.UUID, t compare.Type) ([]byte, error) {
	return c.octets(ctx, comparisonPath(id, t.String()), octetStream, maxOctets)
}

// Report reads the service's copy of the report, as JSON.
func (c *Client) Report(ctx context.Context, id uuid.UUID) ([]byte, error) {
	return c.octets(ctx, comparisonPath(id, "report"), "application/json", maxOctets)
}

// Evidence reads the evidence of a misconduct.
func (c *Client) Evidence(ctx context.Context, id uuid.UUID) ([]byte, error) {
	return c.octets(ctx, comparisonPath(id, "evidence"), octetStream, maxOctets)
}

// Transcript reads all messages so far, each after its length in four bytes, most significant first.
func (c *Client) Transcript(ctx context.Context, id uuid.UUID) ([]byte, error) {
	return c.octets(ctx, comparisonPath(id, "transcript"), octetStream, maxTranscript)
}

func comparisonPath(id uuid.UUID, rest string) string {
	path := "/v1/comparisons/" + id.String()
	if rest != "" {
		path += "/" + rest
	}
	return path
}
