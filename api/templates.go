package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/veilschema/veil/internal/service"
)

// octets is a body of bytes that never change, under their digest.
type octets struct {
	Status      int
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	Cache       string `header:"Cache-Control"`
	Body        []byte
}

// Seen is what the client has already. It is exported because huma skips embedded fields that are not.
type Seen struct {
	ETags string `header:"If-None-Match" maxLength:"2000" doc:"ETags that the client has; the answer is 304 where nothing changed"`
}

// unless makes an answer of bytes, or of nothing where the client has them.
func (seen Seen) unless(kind, digest string, data []byte) *octets {
	o := &octets{Status: http.StatusOK, ContentType: kind, Cache: "private, no-cache", Body: data}
	if digest == "" {
		o.Cache = "no-store"
		return o
	}
	o.ETag = strconv.Quote(digest)
	for tag := range strings.SplitSeq(seen.ETags, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == o.ETag || tag == "*" {
			o.Status, o.Body = http.StatusNotModified, nil
		}
	}
	return o
}

const octetStream = "application/octet-stream"

// listed is a list with where it goes on.
type listed[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page"`
}

// Paging is a place in a list. It is exported because huma skips embedded fields that are not.
type Paging struct {
	Cursor int64 `query:"cursor" minimum:"0" doc:"next of the page before"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"100"`
}

// list makes a page of entries; a full one has a next.
func list[T any](items []T, limit int, sequence func(T) int64) listed[T] {
	out := listed[T]{Items: items}
	if out.Items == nil {
		out.Items = []T{}
	}
	if len(items) > 0 && len(items) == limit {
		out.Next = strconv.FormatInt(sequence(items[len(items)-1]), 10)
	}
	return out
}

// ByVersion names a template. It is exported because huma skips embedded fields that are not.
type ByVersion struct {
	Slug    string `path:"slug" maxLength:"200"`
	Version string `path:"version" maxLength:"200"`
}

func (s *server) templates(api huma.API) {
	huma.Register(api, operation("GET", "/v1/templates", "list-templates", "Search templates, newest first", maxJSON), func(ctx context.Context, in *struct {
		Paging
		Search string `query:"search" maxLength:"200" doc:"part of a slug or title"`
	},
	) (*answer[listed[service.Template]], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.ListTemplates{Search: in.Search, Before: in.Cursor, Limit: in.Limit})
		return give(ctx, s, list(out, in.Limit, func(t service.Template) int64 { return t.Sequence }), err)
	})
	huma.Register(api, operation("POST", "/v1/templates", "publish-template", "Publish a version of a template", maxDraft), func(ctx context.Context, in *struct {
		Once
		Body service.Draft
	},
	) (*answer[*service.Template], error) {
		out, err := s.Service.Publish(ctx, actor(ctx), in.command(ctx, "POST /v1/templates"), in.Body)
		return give(ctx, s, out, err)
	})
	huma.Register(api, operation("GET", "/v1/templates/{slug}/{version}", "get-template", "Show a template", maxJSON), func(ctx context.Context, in *ByVersion) (*answer[service.Template], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.GetTemplate{Slug: in.Slug, Version: in.Version})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &answer[service.Template]{out.Template}, nil
	})
	huma.Register(api, operation("GET", "/v1/templates/{slug}/{version}/encoded", "get-encoded-template", "Read a template as it was published", maxJSON), func(ctx context.Context, in *struct {
		ByVersion
		Seen
	},
	) (*octets, error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.GetTemplate{Slug: in.Slug, Version: in.Version})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return in.unless(octetStream, out.Digest, out.Encoded), nil
	})
}

// reference reads slug@version.
func reference(text string) (slug, version string, err error) {
	slug, version, ok := strings.Cut(text, "@")
	if !ok || slug == "" || version == "" {
		return "", "", &service.Error{Code: service.CodeInvalid, Message: "a template is named slug@version"}
	}
	return slug, version, nil
}
