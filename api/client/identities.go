package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
)

// WhoAmI says who asks, and whom.
func (c *Client) WhoAmI(ctx context.Context) (*Self, error) {
	var out Self
	return &out, c.json(ctx, get("/v1/whoami"), &out)
}

// Bootstrap exchanges the one-time token, which is the client's, for the first operator's. It is never tried again: an answer that is lost is
// made good by starting the service again, which then shows another one-time token.
func (c *Client) Bootstrap(ctx context.Context, label string, expires time.Time) (*Issued, error) {
	k := post("/v1/bootstrap", uuid.Nil, map[string]any{"label": label, "expires": expires})
	k.once = true
	out, err := c.issued(ctx, k)
	if u, ok := errors.AsType[*Unreachable](err); ok {
		u.once = true
	}
	return out, err
}

// CreateTenant makes a tenant.
func (c *Client) CreateTenant(ctx context.Context, key uuid.UUID, name string) (*Tenant, error) {
	var out Tenant
	return &out, c.json(ctx, post("/v1/tenants", key, map[string]string{"name": name}), &out)
}

// Tenants lists all tenants.
func (c *Client) Tenants(ctx context.Context) iter.Seq2[Tenant, error] {
	return pages[Tenant](ctx, c, "/v1/tenants", nil)
}

// IssueToken makes a token.
func (c *Client) IssueToken(ctx context.Context, key uuid.UUID, r TokenRequest) (*Issued, error) {
	return c.issued(ctx, post("/v1/tokens", key, r))
}

func (c *Client) issued(ctx context.Context, k call) (*Issued, error) {
	var out struct {
		Token
		Secret string `json:"token"`
	}
	if err := c.json(ctx, k, &out); err != nil {
		return nil, err
	}
	if out.Secret == "" || out.ID == uuid.Nil {
		return nil, fmt.Errorf("the service at %s answered without the token; it may not be a Veil service", c.base)
	}
	return &Issued{out.Token, Secret(out.Secret)}, nil
}

// Tokens lists all tokens, newest first.
func (c *Client) Tokens(ctx context.Context) iter.Seq2[Token, error] {
	return pages[Token](ctx, c, "/v1/tokens", nil)
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id uuid.UUID) (*Token, error) {
	var out Token
	return &out, c.json(ctx, call{method: http.MethodDelete, path: "/v1/tokens/" + id.String()}, &out)
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

// post is a POST with a JSON body, which happens once under its key.
func post(path string, key uuid.UUID, body any) call {
	text, err := json.Marshal(body)
	if err != nil {
		text = nil // these types have nothing that JSON has not
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if key != uuid.Nil {
		h.Set("Idempotency-Key", key.String())
	}
	return call{method: http.MethodPost, path: path, header: h, body: text}
}

// pages reads a list page by page.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		at := url.Values{}
		for name, values := range query {
			at[name] = values
		}
		for seen := map[string]bool{}; len(seen) < maxPages; {
			var page struct {
				Items []T    `json:"items"`
				Next  string `json:"next"`
			}
			k := get(path)
			k.query = at
			if err := c.json(ctx, k, &page); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" || seen[page.Next] || len(page.Items) == 0 {
				return
			}
			seen[page.Next] = true
			at.Set("cursor", page.Next)
		}
	}
}
