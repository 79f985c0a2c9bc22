package memento

import "testing"

func TestTheCastOfAnArrayIsSpeltAsCastsOfItsElements(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"numbers", "x = ANY ((ARRAY[1, 2])::numeric[])", "x = ANY (ARRAY[(1)::numeric, (2)::numeric])"},
		{
			"texts with commas, brackets and quotes", `x = ANY ((ARRAY['a,b'::character varying, ']''('::character varying])::text[])`,
			`x = ANY (ARRAY[('a,b'::character varying)::text, (']''('::character varying)::text])`,
		},
		{"a type of several words", "(ARRAY[a, f(b, c)])::timestamp(3) with time zone[]", "ARRAY[(a)::timestamp(3) with time zone, (f(b, c))::timestamp(3) with time zone]"},
		{"two of them", "((ARRAY[1])::bigint[] && (ARRAY[2])::bigint[])", "(ARRAY[(1)::bigint] && ARRAY[(2)::bigint])"},
		{"an array in an array stays", "(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]", "(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]"},
		{"no cast", "x = ANY (ARRAY[1, 2])", "x = ANY (ARRAY[1, 2])"},
		{"parentheses without a cast", "(ARRAY[1, 2])[1]", "(ARRAY[1, 2])[1]"},
		{"cut off", "(ARRAY[1, 2", "(ARRAY[1, 2"},
	} {
		if got := castArrays(c.text); got != c.want {
			t.Errorf("%s: castArrays(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
