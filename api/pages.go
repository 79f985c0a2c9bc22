package api

import (
	"bytes"
	_ "embed" // the page and its looks
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/veilschema/veil/internal/service"
)

var (
	//go:embed pages/page.html
	pageHTML string
	//go:embed pages/style.css
	styleCSS []byte

	page = template.Must(template.New("page").Parse(pageHTML))
)

// shownProblem is a row of the table of problems.
type shownProblem struct {
	Code string
	Kind
}

type shownOperation struct {
	Method, Path, Summary, Roles string
}

type shownPage struct {
	Version    string
	Operations []shownOperation
	Problems   []shownProblem
	One        *shownProblem
}

// pages serves the description, a page for people and one for each problem. They are made once, and ask for nothing but the style.
func (s *server) pages(router chi.Router, description *huma.OpenAPI) error {
	text, err := json.MarshalIndent(description, "", "  ")
	if err != nil {
		return fmt.Errorf("write the description of the interface: %w", err)
	}
	all := shownPage{Version: s.Version, Operations: shownOperations(description), Problems: shownProblems()}
	index, err := render(all)
	if err != nil {
		return err
	}
	router.Get("/openapi.json", fixed("application/vnd.oai.openapi+json;version=3.1", text))
	router.Get("/docs/style.css", fixed("text/css; charset=utf-8", styleCSS))
	router.Get("/docs", fixed("text/html; charset=utf-8", index))
	router.Get("/", fixed("text/html; charset=utf-8", index))
	for _, p := range all.Problems {
		html, err := render(shownPage{Version: s.Version, One: &p})
		if err != nil {
			return err
		}
		plain, err := json.Marshal(newProblem(service.Code(p.Code), "", ""))
		if err != nil {
			return fmt.Errorf("write the problem %s: %w", p.Code, err)
		}
		router.Get("/problems/"+p.Code, func(w http.ResponseWriter, r *http.Request) {
			if w.Header().Set("Vary", "Accept"); strings.Contains(r.Header.Get("Accept"), "text/html") {
				fixed("text/html; charset=utf-8", html)(w, r)
				return
			}
			fixed("application/json", plain)(w, r)
		})
	}
	return nil
}

func render(p shownPage) ([]byte, error) {
	var out bytes.Buffer
	if err := page.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("make the page of the interface: %w", err)
	}
	return out.Bytes(), nil
}

// fixed answers with bytes that never change.
func fixed(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		if strings.HasPrefix(kind, "text/html") {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		}
		_, _ = w.Write(text) // where it fails, nobody listens
	}
}

func shownOperations(d *huma.OpenAPI) (out []shownOperation) {
	for path, item := range d.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "HEAD": item.Head, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			roles := []string{}
			for _, r := range Access[method+" "+path].Roles {
				roles = append(roles, string(r))
			}
			out = append(out, shownOperation{method, path, op.Summary, strings.Join(roles, ", ")})
		}
	}
	slices.SortFunc(out, func(a, b shownOperation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return out
}

func shownProblems() (out []shownProblem) {
	for code, kind := range Problems {
		out = append(out, shownProblem{string(code), kind})
	}
	slices.SortFunc(out, func(a, b shownProblem) int { return strings.Compare(a.Code, b.Code) })
	return out
}
