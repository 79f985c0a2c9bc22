package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/veilschema/veil/internal/service"
)

var secured = []map[string][]string{{"token": {}}}

// operation describes one. Its body's time is paced, for all alike.
func operation(method, path, id, summary string, body int64) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: body, BodyReadTimeout: -1, Security: secured}
}

// Once is exported because huma skips embedded fields that are not. It is the key under which a POST happens once.
type Once struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"the same request under the same key happens once"`
}

// command is the id of the command that a request is: the same for the same token, operation and key.
func (o Once) command(ctx context.Context, op string) uuid.UUID {
	return uuid.NewSHA1(actor(ctx).Token, []byte(op+"\x00"+o.Key))
}

// answer is a JSON body.
type answer[T any] struct{ Body T }

// give makes an operation's answer of what the service said.
func give[T any](ctx context.Context, s *server, out T, err error) (*answer[T], error) {
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &answer[T]{out}, nil
}

// shown is a token that is shown once.
type shown struct {
	service.TokenInfo
	Token string `json:"token" doc:"shown this once; keep it"`
}

// self is who asks.
type self struct {
	Role    service.Role `json:"role"`
	Tenant  *uuid.UUID   `json:"tenant,omitempty"`
	Service string       `json:"service" doc:"the key under which the service signs; pin it"`
	Version string       `json:"version" doc:"of the service"`
}

func (s *server) identities(api huma.API) {
	huma.Register(api, operation("POST", "/v1/bootstrap", "bootstrap", "Exchange the one-time token for the first operator's", maxJSON), s.bootstrap)
	huma.Register(api, operation("GET", "/v1/whoami", "whoami", "Say who asks", maxJSON), func(ctx context.Context, _ *struct{}) (*answer[self], error) {
		a := actor(ctx)
		out := self{Role: a.Role, Service: s.Service.Identity().String(), Version: s.Version}
		if a.Tenant != uuid.Nil {
			out.Tenant = &a.Tenant
		}
		return &answer[self]{out}, nil
	})
	huma.Register(api, operation("POST", "/v1/tenants", "create-tenant", "Make a tenant", maxJSON), func(ctx context.Context, in *struct {
		Once
		Body struct {
			Name string `json:"name"`
		}
	},
	) (*answer[*service.TenantInfo], error) {
		out, err := service.Do(ctx, s.Service, actor(ctx), in.command(ctx, "POST /v1/tenants"), service.CreateTenant{Name: in.Body.Name})
		return give(ctx, s, out, err)
	})
	huma.Register(api, operation("GET", "/v1/tenants", "list-tenants", "List tenants by name", maxJSON), func(ctx context.Context, in *struct {
		Cursor string `query:"cursor" doc:"next of the page before" maxLength:"200"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"100"`
	},
	) (*answer[listed[service.TenantInfo]], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.ListTenants{After: in.Cursor, Limit: in.Limit})
		page := list(out, in.Limit, func(service.TenantInfo) int64 { return 0 })
		if page.Next != "" {
			page.Next = out[len(out)-1].Name
		}
		return give(ctx, s, page, err)
	})
	huma.Register(api, operation("POST", "/v1/tokens", "issue-token", "Issue a token, shown once", maxJSON), s.issue)
	huma.Register(api, operation("GET", "/v1/tokens", "list-tokens", "List tokens, newest first", maxJSON), func(ctx context.Context, in *Paging) (*answer[listed[service.TokenInfo]], error) {
		out, err := service.Ask(ctx, s.Service, actor(ctx), service.ListTokens{Before: in.Cursor, Limit: in.Limit})
		return give(ctx, s, list(out, in.Limit, func(t service.TokenInfo) int64 { return t.Sequence }), err)
	})
	huma.Register(api, operation("DELETE", "/v1/tokens/{id}", "revoke-token", "End a token", maxJSON), func(ctx context.Context, in *ByID) (*answer[*service.TokenInfo], error) {
		out, err := service.Do(ctx, s.Service, actor(ctx), uuid.Nil, service.RevokeToken{ID: in.ID})
		return give(ctx, s, out, err)
	})
}

// ByID names one by its id. It is exported because huma skips embedded fields that are not.
type ByID struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (s *server) bootstrap(ctx context.Context, in *struct {
	Body struct {
		Label   string    `json:"label,omitempty"`
		Expires time.Time `json:"expires"`
	}
},
) (*answer[shown], error) {
	token, err := service.NewToken(rand.Reader)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	info, err := s.Service.Redeem(ctx, bearer(request(ctx)), service.HashToken(token), in.Body.Label, in.Body.Expires)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &answer[shown]{shown{*info, token}}, nil
}

func (s *server) issue(ctx context.Context, in *struct {
	Once
	Body struct {
		Role    string    `json:"role" enum:"operator,tenant,auditor"`
		Tenant  uuid.UUID `json:"tenant,omitempty" format:"uuid" doc:"of a tenant's or auditor's token"`
		Label   string    `json:"label,omitempty"`
		Expires time.Time `json:"expires"`
	}
},
) (*answer[shown], error) {
	token, err := service.NewToken(rand.Reader)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	info, err := service.Do(ctx, s.Service, actor(ctx), in.command(ctx, http.MethodPost+" /v1/tokens"), service.IssueToken{
		Role: service.Role(in.Body.Role), Tenant: in.Body.Tenant, Label: in.Body.Label, Expires: in.Body.Expires, Hash: service.HashToken(token),
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &answer[shown]{shown{*info, token}}, nil
}
