package schema_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

func TestQualifiedNamesChangeAndNothingElse(t *testing.T) {
	in := func(s, name string) (string, string) {
		if s == "public" {
			if name == "taken" {
				name = "taken 1"
			}
			return "Tenant's own", name
		}
		return s, name
	}
	tests := []struct{ name, sql, want string }{
		{"a table", "CREATE TABLE public.t (a integer)", `CREATE TABLE "Tenant's own".t (a integer)`},
		{"quoted names", `ALTER TABLE "public"."T x" ADD b int`, `ALTER TABLE "Tenant's own"."T x" ADD b int`},
		{"a sequence in a literal", "x SET DEFAULT nextval('public.s'::regclass)", `x SET DEFAULT nextval('"Tenant''s own".s'::regclass)`},
		{"a literal that is no name", "x SET DEFAULT 'public.s'::text", "x SET DEFAULT 'public.s'::text"},
		{"an object with another name", "CREATE SEQUENCE public.taken AS bigint", `CREATE SEQUENCE "Tenant's own"."taken 1" AS bigint`},
		{"other schemas", "SELECT pg_catalog.now(), n.public.x", "SELECT pg_catalog.now(), n.public.x"},
		{"a type behind a cast", "CHECK (a = 'x'::public.mood)", `CHECK (a = 'x'::"Tenant's own".mood)`},
		{"space and line ends stay", "CREATE VIEW\n  public.v  AS\tSELECT 1", "CREATE VIEW\n  \"Tenant's own\".v  AS\tSELECT 1"},
		{"a function's body", "CREATE FUNCTION public.f() AS $function$ select public.g() $function$", `CREATE FUNCTION "Tenant's own".f() AS $function$ select public.g() $function$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := schema.Requalify(test.sql, in)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestQualifiersInABodyAreToldOf(t *testing.T) {
	var asked []string
	_, err := schema.Requalify(`CREATE FUNCTION a.f() AS $x$ begin perform public.g("Odd".h); NEW.y := 1; end $x$`, func(s, name string) (string, string) {
		if name == "" {
			asked = append(asked, s)
		}
		return s, name
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(asked, " "); got != "public Odd new" {
		t.Errorf("asked for %q", got)
	}
}

func FuzzRequalify(f *testing.F) {
	f.Add("CREATE TABLE public.t (a integer DEFAULT nextval('public.s'::regclass))")
	f.Add("$a$ x.y $a$ 'z'::regclass")
	f.Fuzz(func(t *testing.T, sql string) {
		got, err := schema.Requalify(sql, func(s, name string) (string, string) { return s, name })
		if err == nil && got != sql && !strings.Contains(sql, "::") {
			t.Errorf("%q became %q though nothing was renamed", sql, got)
		}
	})
}
