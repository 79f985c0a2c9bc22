package api

import (
	"context"
	"encoding/binary"

	"github.com/danielgtaylor/huma/v2"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/service"
)

// sent is a message of the tenant.
type sent struct {
	ByID
	RawBody []byte `contentType:"application/octet-stream"`
}

func (s *server) comparisons(api huma.API) {
	huma.Register(api, operation("POST", "/v1/comparisons", "open-comparison", "Open a comparison with the tenant's first message", maxJSON), s.openComparison)
	huma.Register(api, operation("GET", "/v1/comparisons", "list-comparisons", "List comparisons, newest first", maxJSON), func(ctx context.Context, in *Paging) (*answer[listed[service.Comparison]], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.ListComparisons{Before: in.Cursor, Limit: in.Limit})
		return give(ctx, s, list(out, in.Limit, func(c service.Comparison) int64 { return c.Sequence }), err)
	})
	huma.Register(api, operation("GET", "/v1/comparisons/{id}", "get-comparison", "Say where a comparison is", maxJSON), func(ctx context.Context, in *ByID) (*answer[*service.Comparison], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.GetComparison{ID: in.ID})
		return give(ctx, s, out, err)
	})
	huma.Register(api, operation("DELETE", "/v1/comparisons/{id}", "delete-comparison", "Delete a comparison's messages and report", maxJSON), func(ctx context.Context, in *ByID) (*answer[*service.Comparison], error) {
		out, err := service.Do(ctx, s.Service, actor(ctx), [16]byte{}, service.DeleteComparison{ID: in.ID})
		return give(ctx, s, out, err)
	})
	for _, t := range []compare.Type{compare.TypeAccept, compare.TypeCommitment, compare.TypeDisclosure} {
		huma.Register(api, operation("PUT", "/v1/comparisons/{id}/"+t.String(), "put-"+t.String(), "Send the "+t.String(), maxMessage), func(ctx context.Context, in *sent) (*answer[*service.Comparison], error) {
			out, err := service.Do(ctx, s.Service, actor(ctx), [16]byte{}, service.TakeMessage{Comparison: in.ID, Type: t, Message: in.RawBody})
			return give(ctx, s, out, err)
		})
	}
	for _, t := range []compare.Type{compare.TypeOffer, compare.TypeSalt, compare.TypeResponse, compare.TypeSeed, compare.TypeVerdict} {
		s.bytesOf(api, t.String(), octetStream, func(ctx context.Context, in *ByID) (*service.Stored, error) {
			return service.Ask(ctx, s.Service, actor(ctx), service.GetMessage{Comparison: in.ID, Type: t})
		})
	}
	s.bytesOf(api, "report", "application/json", func(ctx context.Context, in *ByID) (*service.Stored, error) {
		return service.Ask(ctx, s.Service, actor(ctx), service.GetReport{Comparison: in.ID})
	})
	s.bytesOf(api, "evidence", octetStream, func(ctx context.Context, in *ByID) (*service.Stored, error) {
		return service.Ask(ctx, s.Service, actor(ctx), service.GetEvidence{Comparison: in.ID})
	})
	s.bytesOf(api, "transcript", octetStream, func(ctx context.Context, in *ByID) (*service.Stored, error) {
		messages, err := service.Ask(ctx, s.Service, actor(ctx), service.GetTranscript{Comparison: in.ID})
		var out []byte
		for _, m := range messages {
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(m))), m...)
		}
		return &service.Stored{Data: out}, err
	})
	s.uploads(api)
}

// bytesOf registers an operation that reads bytes of a comparison.
func (s *server) bytesOf(api huma.API, name, kind string, read func(context.Context, *ByID) (*service.Stored, error)) {
	huma.Register(api, operation("GET", "/v1/comparisons/{id}/"+name, "get-"+name, "Read the "+name, maxJSON), func(ctx context.Context, in *struct {
		ByID
		Seen
	},
	) (*octets, error) {
		out, err := read(ctx, &in.ByID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return in.unless(kind, out.Digest, out.Data), nil
	})
}

func (s *server) openComparison(ctx context.Context, in *struct {
	Once
	Template string `query:"template" required:"true" maxLength:"400" doc:"slug@version"`
	Digest   string `query:"digest" required:"true" pattern:"^[0-9a-f]{64}$" doc:"of the template, as it was pinned"`
	RawBody  []byte `contentType:"application/octet-stream"`
},
) (*answer[*service.Comparison], error) {
	slug, version, err := reference(in.Template)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	t, err := service.Ask(ctx, s.Service, actor(ctx), service.FindTemplate{Slug: slug, Version: version})
	if err == nil && t.Digest != in.Digest {
		err = &service.Error{Code: service.CodeTemplate, Message: "the template " + in.Template + " is published with another digest than the one you pinned; do not go on before you know why"}
	}
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out, err := service.Do(ctx, s.Service, actor(ctx), in.command(ctx, "POST /v1/comparisons"), service.OpenComparison{Slug: slug, Version: version, Message: in.RawBody})
	return give(ctx, s, out, err)
}
