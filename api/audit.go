package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// auditPrefix is where the log is, for tools that read logs (C2SP tlog-tiles): the checkpoint and the tiles are below it.
const auditPrefix = "/v1/audit/"

const plainText = "text/plain; charset=utf-8"

// BySequence is an entry of the log. It is exported because huma skips embedded fields that are not.
type BySequence struct {
	Sequence int64 `path:"sequence" minimum:"0" doc:"number of the entry in the log"`
}

func (s *server) audit(api huma.API, router chi.Router) {
	public := func(path, id, summary string) huma.Operation {
		op := operation("GET", auditPrefix+path, id, summary, maxJSON)
		op.Security = []map[string][]string{}
		return op
	}
	huma.Register(api, public("log", "get-log", "Say whose log it is and who is asked to cosign it"), func(ctx context.Context, _ *struct{}) (*answer[bundle.Log], error) {
		out, err := s.Service.LogStatement(ctx)
		return give(ctx, s, out, err)
	})
	huma.Register(api, public("checkpoint", "get-checkpoint", "Read the last checkpoint with its cosignatures (C2SP tlog-checkpoint)"), func(ctx context.Context, _ *struct{}) (*octets, error) {
		signed, err := s.Service.Checkpoint(ctx)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &octets{Status: http.StatusOK, ContentType: plainText, Cache: "no-cache", Body: signed.Text}, nil
	})
	s.ofEntry(api, "proof", plainText, "Prove that the log has an entry (C2SP tlog-proof)", func(ctx context.Context, sequence int64) (*service.Stored, error) {
		return service.Ask(ctx, s.Service, actor(ctx), service.GetProof{Sequence: sequence})
	})
	s.ofEntry(api, "entry", octetStream, "Read an entry of the log, as the log has the hash of it", func(ctx context.Context, sequence int64) (*service.Stored, error) {
		return service.Ask(ctx, s.Service, actor(ctx), service.GetEntry{Sequence: sequence})
	})
	s.bytesOf(api, "bundle", octetStream, func(ctx context.Context, in *ByID) (*service.Stored, error) {
		return service.Ask(ctx, s.Service, actor(ctx), service.GetBundle{Comparison: in.ID})
	})
	s.tiles(api, router, public("tile/{path}", "get-tile", "Read hashes of the log (C2SP tlog-tiles); the path has slashes: LEVEL/NUMBER, and .p/WIDTH after it"))
}

// ofEntry registers an operation that reads bytes about an entry of the log.
func (s *server) ofEntry(api huma.API, name, kind, summary string, read func(context.Context, int64) (*service.Stored, error)) {
	huma.Register(api, operation("GET", auditPrefix+name+"/{sequence}", "get-"+name, summary, maxJSON), func(ctx context.Context, in *BySequence) (*octets, error) {
		out, err := read(ctx, in.Sequence)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return Seen{}.unless(kind, out.Digest, out.Data), nil
	})
}

// tiles serves tiles by their paths, which have slashes in them and so are no parameter that the description could have.
func (s *server) tiles(api huma.API, router chi.Router, op huma.Operation) {
	op.Parameters = []*huma.Param{{Name: "path", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}}
	op.Responses = map[string]*huma.Response{
		"200":     {Description: "32 bytes a hash", Content: map[string]*huma.MediaType{octetStream: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
		"default": {Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Type: "object"}}}},
	}
	api.OpenAPI().AddOperation(&op)
	router.Get(auditPrefix+"tile/*", func(w http.ResponseWriter, r *http.Request) {
		data, err := s.tile(r)
		if err != nil {
			write(w, s.problem(r.Context(), err))
			return
		}
		w.Header().Set("Content-Type", octetStream)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // what was signed never changes
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data) // where it fails, nobody listens
	})
}

func (s *server) tile(r *http.Request) ([]byte, error) {
	if _, err := s.identify(r, open); err != nil {
		return nil, err
	}
	t, err := checkpoint.ParseTilePath(strings.TrimPrefix(r.URL.Path, auditPrefix))
	if err != nil {
		return nil, &service.Error{Code: service.CodeNotFound, Message: "there is no tile of this path; the form is LEVEL/NUMBER as C2SP's tlog-tiles have it", Cause: err}
	}
	leave, err := s.gate.enter(r.Context(), &huma.Operation{}, service.Actor{}, 0)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.Service.Tile(r.Context(), t)
}
