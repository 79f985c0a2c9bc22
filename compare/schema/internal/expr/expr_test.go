package expr_test

import (
	"testing"

	"github.com/veilschema/veil/compare/schema/internal/expr"
)

func TestCanonicalSpelling(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"IN on varchar as first printed": {
			`((x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))`,
			`(x)::text = ANY (ARRAY['a'::text, 'b'::text])`,
		},
		"IN on varchar after a reload": {
			`((x)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))`,
			`(x)::text = ANY (ARRAY['a'::text, 'b'::text])`,
		},
		"an array of columns is cast element by element": {
			`(ARRAY[a, b])::text[]`, `ARRAY[(a)::text, (b)::text]`,
		},
		"nested arrays are cast at their elements": {
			`(ARRAY[ARRAY[1, 2], ARRAY[3, 4]])::bigint[]`, `ARRAY[ARRAY[(1)::bigint, (2)::bigint], ARRAY[(3)::bigint, (4)::bigint]]`,
		},
		"an empty array is its literal":                {`ARRAY[]::text[]`, `'{}'::text[]`},
		"BETWEEN in an AND is flattened":               {`((a > 0) AND ((x >= 1) AND (x <= 2)))`, `(a > 0) AND (x >= 1) AND (x <= 2)`},
		"nested ORs are flattened":                     {`((a OR (b = 1)) OR (c OR (d = 2)))`, `a OR (b = 1) OR c OR (d = 2)`},
		"OR in AND stays":                              {`((a OR b) AND (c OR d))`, `(a OR b) AND (c OR d)`},
		"AND in CASE is flattened":                     {`CASE WHEN (a AND (b AND c)) THEN 1 ELSE 2 END`, `CASE WHEN (a AND b AND c) THEN 1 ELSE 2 END`},
		"double parentheses":                           {`((((a + b))))`, `a + b`},
		"a name in parentheses":                        {`((a) = (b))`, `a = b`},
		"a field of a composite keeps its parentheses": {`((a).f = 1)`, `(a).f = 1`},
		"a subscript of a name":                        {`((a)[1] = 1)`, `(a)[1] = 1`},
		"a call keeps its parentheses":                 {`f((a))`, `f(a)`},
		"EXTRACT with a cast":                          {`(EXTRACT(year FROM (x)::date) > (2000)::numeric)`, `EXTRACT(year FROM (x)::date) > (2000)::numeric`},
		"a cast after DISTINCT FROM":                   {`(x IS DISTINCT FROM ('a'::text)::date)`, `x IS DISTINCT FROM ('a'::text)::date`},
		"a string cast twice":                          {`('a'::character varying)::text`, `'a'::text`},
		"a string cast twice to char stays":            {`('a '::bpchar)::text`, `('a '::bpchar)::text`},
		"a cast to the same type":                      {`((x)::date)::date`, `(x)::date`},
		"types of several words":                       {`((x)::timestamp(3) without time zone = (y)::double precision)`, `(x)::timestamp(3) without time zone = (y)::double precision`},
		"needless quotes":                              {`("a" = "Ab")`, `a = "Ab"`},
		"a reserved word keeps its quotes":             {`("true" = true)`, `"true" = true`},
		"a word that a later version reserves":         {`("system_user" = 'x'::text)`, `system_user = 'x'::text`},
		"literals are left alone":                      {`(x = '  AND (( ''"'::text)`, `x = '  AND (( ''"'::text`},
		"operators of a schema":                        {`(a OPERATOR(public.=) b)`, `a OPERATOR(public.=) b`},
		"names beyond ASCII":                           {`("größe" > 0)`, `"größe" > 0`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := expr.Canonical(test.text, expr.Unchanged{})
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("Canonical(%s)\n got %s\nwant %s", test.text, got, test.want)
			}
			if again, err := expr.Canonical(got, expr.Unchanged{}); err != nil || again != got {
				t.Errorf("Canonical of its own result %s is %s (error %v)", got, again, err)
			}
		})
	}
}

func TestValueOfAColumn(t *testing.T) {
	tests := map[string]struct{ text, typ, want string }{
		"a string in varchar":               {`'x'::character varying`, "character varying(10)", `'x'`},
		"a text in varchar":                 {`'x'::text`, "character varying(10)", `'x'`},
		"a char":                            {`'x'::bpchar`, "character(3)", `'x'`},
		"an integer in bigint":              {`0`, "bigint", `0`},
		"an integer cast in bigint":         {`(0)::bigint`, "bigint", `0`},
		"an integer literal in bigint":      {`'0'::bigint`, "bigint", `0`},
		"a negative integer":                {`'-1'::integer`, "bigint", `-1`},
		"a negative integer in a float":     {`'-1'::integer`, "double precision", `-1`},
		"a string that looks like a number": {`'1'::text`, "text", `'1'`},
		"a numeric keeps its scale":         {`0.00`, "numeric(10,2)", `0.00`},
		"a fraction cast to integer":        {`(0.5)::integer`, "numeric", `(0.5)::integer`},
		"a cast to the own type":            {`(now())::date`, "date", `now()`},
		"a cast to another type":            {`(now())::date`, "timestamp without time zone", `(now())::date`},
		"a cast to a length truncates":      {`(f(x))::character varying(3)`, "character varying(3)", `(f(x))::character varying(3)`},
		"an enum":                           {`'a'::public.mood`, "public.mood", `'a'`},
		"an empty array":                    {`ARRAY[]::text[]`, "text[]", `'{}'`},
		"null":                              {`NULL::character varying`, "character varying(10)", `NULL`},
		"json":                              {`'{}'::jsonb`, "jsonb", `'{}'`},
		"a date made of text stays":         {`('now'::text)::date`, "timestamp without time zone", `('now'::text)::date`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := expr.Value(test.text, test.typ, expr.Unchanged{})
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("Value(%s) in a column of %s is %s, want %s", test.text, test.typ, got, test.want)
			}
		})
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`((x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))`,
		`((a > 0) AND ((x >= 1) AND (x <= 2)))`, `CASE WHEN (a AND (b AND c)) THEN 1 ELSE 2 END`,
		`nextval('public.t_id_seq'::regclass)`, `(x)::timestamp(3) without time zone`, `((a).f)[1:2]`,
		`a OR b AND NOT (c)`, `f(a, (b))::numeric(10,2)[]`, `EXTRACT(year FROM (x)::date)`, `B'101'::"bit"`, `E'\''`,
		`x BETWEEN 1 AND 2`, `(SELECT x FROM public.t WHERE ((a) AND (b)))`, `'a' IS NOT NULL`, `1e-5 - -.5`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := expr.Canonical(text, expr.Unchanged{})
		if err != nil {
			return
		}
		if again, err := expr.Canonical(text, expr.Unchanged{}); err != nil || again != once {
			t.Errorf("%q became %q and then %q (error %v)", text, once, again, err)
		}
	})
}
