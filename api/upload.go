package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/veilschema/veil/internal/service"
)

const idUpload = "put-submission"

// progress says how far a submission has come.
type progress struct {
	Offset int64 `header:"Upload-Offset"`
	Length int64 `header:"Upload-Length"`
}

func (s *server) uploads(api huma.API) {
	huma.Register(api, operation("HEAD", "/v1/comparisons/{id}/submission", "head-submission", "Say how far the submission has come", maxJSON), func(ctx context.Context, in *ByID) (*progress, error) {
		u, err := s.Service.UploadState(ctx, actor(ctx), in.ID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &progress{u.Offset, u.Length}, nil
	})
	put := operation("PUT", "/v1/comparisons/{id}/submission", idUpload, "Send the submission, or go on with it", 0)
	put.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{octetStream: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	put.SkipValidateBody = true // it is a stream that the operation reads itself
	huma.Register(api, put, s.putSubmission)
}

// putSubmission keeps a body part by part, as it comes. Where the connection breaks, the parts that came are kept.
func (s *server) putSubmission(ctx context.Context, in *struct {
	ByID
	Offset int64  `header:"Upload-Offset" minimum:"0" doc:"the message's byte that the body begins with"`
	Digest string `header:"Repr-Digest" required:"true" maxLength:"200" doc:"of the whole message: sha-256=:base64:"`
},
) (*answer[*service.Comparison], error) {
	digest, err := reprDigest(in.Digest)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	u, err := s.Service.UploadState(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r := request(ctx)
	if in.Offset > u.Length || r.ContentLength > u.Length-in.Offset {
		return nil, s.problem(ctx, &service.Error{Code: CodeTooLarge, Message: "the body is longer than what is left of the submission; send the message as it is"})
	}
	if u.Offset < u.Length || in.Offset < u.Offset { // one that is there already is not read again
		if u, err = s.take(ctx, in.ByID, in.Offset, u); err != nil {
			return nil, s.problem(ctx, err)
		}
	}
	out, err := s.Service.CompleteUpload(ctx, actor(ctx), in.ID, digest)
	return give(ctx, s, out, err)
}

// take reads the body from an offset on and keeps it.
func (s *server) take(ctx context.Context, in ByID, offset int64, u service.Upload) (service.Upload, error) {
	if u.Offset == u.Length {
		return u, nil
	}
	w := response(ctx)
	body := http.MaxBytesReader(w, request(ctx).Body, u.Length-offset)
	part := make([]byte, partBytes)
	for {
		n, err := io.ReadFull(body, part)
		if n > 0 {
			var kept error
			if u, kept = s.Service.AppendUpload(ctx, actor(ctx), in.ID, offset, part[:n]); kept != nil {
				return u, kept
			}
			offset += int64(n)
		}
		switch tooLarge, is := errors.AsType[*http.MaxBytesError](err); {
		case err == nil:
		case errors.Is(err, io.EOF):
			return u, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return u, nil // the end, or a connection that broke: completing it tells
		case is:
			return u, &service.Error{Code: CodeTooLarge, Message: "the body is longer than what is left of the submission; send the message as it is", Cause: tooLarge}
		default:
			return u, &service.Error{Code: CodeTimeout, Message: "the body broke off; ask for the offset with HEAD and go on from there", Cause: err}
		}
	}
}

// reprDigest reads the SHA-256 of a Repr-Digest header (RFC 9530).
func reprDigest(header string) (digest [32]byte, err error) {
	text, ok := strings.CutPrefix(header, "sha-256=:")
	text, end := strings.CutSuffix(text, ":")
	raw, decodeErr := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || !end || decodeErr != nil || len(raw) != sha256.Size {
		return digest, &service.Error{Code: service.CodeInvalid, Message: "Repr-Digest is not sha-256=: with 44 characters of base64 and a colon; send the message's SHA-256 so"}
	}
	return [32]byte(raw), nil
}
