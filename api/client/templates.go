package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/google/uuid"
)

// Templates lists published templates, newest first: those whose slug or title has the text, or all.
func (c *Client) Templates(ctx context.Context, search string) iter.Seq2[Template, error] {
	query := url.Values{}
	if search != "" {
		query.Set("search", search)
	}
	return pages[Template](ctx, c, "/v1/templates", query)
}

// Template shows a version of a template.
func (c *Client) Template(ctx context.Context, slug, version string) (*Template, error) {
	var out Template
	return &out, c.json(ctx, get(templatePath(slug, version)), &out)
}

// EncodedTemplate reads a template as it was published. The caller holds it against the digest.
func (c *Client) EncodedTemplate(ctx context.Context, slug, version string) ([]byte, error) {
	return c.octets(ctx, templatePath(slug, version)+"/encoded", octetStream, maxOctets)
}

// PublishTemplate publishes a version of a template.
func (c *Client) PublishTemplate(ctx context.Context, key uuid.UUID, d Draft) (*Template, error) {
	var out Template
	return &out, c.json(ctx, post("/v1/templates", key, d), &out)
}

func templatePath(slug, version string) string {
	return "/v1/templates/" + url.PathEscape(slug) + "/" + url.PathEscape(version)
}

func (c *Client) octets(ctx context.Context, path, kind string, most int64) ([]byte, error) {
	k := get(path)
	k.kind, k.most = kind, most
	a, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	return a.body, nil
}
