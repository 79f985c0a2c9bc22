package plan_test

import (
	"testing"

	"github.com/veilschema/veil/provisioner/plan"
)

// Whether PostgreSQL agrees is tried on its servers in internal/provision.
func TestConversions(t *testing.T) {
	kept, noted, lossy := plan.Conversion{Keeps: true, Rewrites: true}, plan.Conversion{Keeps: true}, plan.Conversion{Rewrites: true}
	for _, c := range []struct {
		says, from, to string
		want           plan.Conversion
	}{
		{"a type is itself", "public.mood", "public.mood", noted},
		{"a wider integer holds a narrower one", "integer", "bigint", kept},
		{"a narrower integer does not hold a wider one", "bigint", "integer", lossy},
		{"a number without limits holds every integer", "bigint", "numeric", kept},
		{"an integer of ten digits has room before the point", "integer", "numeric(12,2)", kept},
		{"an integer of ten digits has no room before the point", "integer", "numeric(11,2)", lossy},
		{"a scale below zero rounds integers", "smallint", "numeric(5,-2)", lossy},
		{"single precision holds sixteen bits", "smallint", "real", kept},
		{"single precision does not hold 32 bits", "integer", "real", lossy},
		{"double precision does not hold 64 bits", "bigint", "double precision", lossy},
		{"more digits before the point are noted in the catalog", "numeric(5,2)", "numeric(7,2)", noted},
		{"more digits behind the point are written", "numeric(5,2)", "numeric(7,4)", kept},
		{"digits behind the point take room from those before it", "numeric(5,2)", "numeric(5,4)", lossy},
		{"limits of a number are dropped in the catalog", "numeric(5,2)", "numeric", noted},
		{"a number without limits may not fit into some", "numeric", "numeric(1000,500)", lossy},
		{"a number of fractions only has no digits before the point", "numeric(2,4)", "numeric(3,4)", noted},
		{"money depends on where one is", "money", "numeric", lossy},

		{"a longer text is noted in the catalog", "character varying(20)", "character varying(40)", noted},
		{"a shorter text cuts", "character varying(40)", "character varying(20)", lossy},
		{"a text without length may not fit into one", "character varying", "character varying(20)", lossy},
		{"a length is dropped in the catalog", "character varying(20)", "character varying", noted},
		{"text holds every text", "character varying(20)", "text", noted},
		{"a varying text without length is text", "text", "character varying", noted},
		{"text may not fit into a length", "text", "character varying(20)", lossy},
		{"padding goes when it becomes text", "character(20)", "text", lossy},
		{"padding grows", "character(8)", "character(20)", lossy},
		{"a number is not brought back by its text without more ado", "integer", "text", lossy},

		{"a date is its midnight", "date", "timestamp without time zone", kept},
		{"a moment is more than its date", "timestamp without time zone", "date", lossy},
		{"what a clock shows is a moment only with a time zone", "timestamp without time zone", "timestamp with time zone", lossy},
		{"more digits of seconds are noted in the catalog", "timestamp(0) without time zone", "timestamp(3) without time zone", noted},
		{"fewer digits of seconds round", "timestamp without time zone", "timestamp(3) without time zone", lossy},
		{"times of day are treated alike", "time(3) with time zone", "time with time zone", noted},
		{"intervals are treated alike", "interval(3)", "interval", noted},
		{"an interval of some fields is another type", "interval day to second(3)", "interval", lossy},
		{"more bits are noted in the catalog", "bit varying(8)", "bit varying(12)", noted},
		{"a fixed number of bits is padded", "bit(8)", "bit(12)", lossy},
		{"a network is an address", "cidr", "inet", kept},
		{"an address is no network", "inet", "cidr", lossy},

		{"elements are converted one by one", "integer[]", "bigint[]", kept},
		{"elements are written even where their type would only be noted", "character varying(20)[]", "text[]", kept},
		{"a length of elements is written", "character varying(20)[]", "character varying(40)[]", kept},
		{"a length of elements is dropped in the catalog", "character varying(20)[]", "character varying[]", noted},
		{"a value is no list of values", "integer", "integer[]", lossy},
		{"a list of values is no value", "integer[]", "bigint", lossy},

		{"a domain is not known", "public.room", "integer", lossy},
		{"modifiers that are no numbers are not known", "public.geometry(Point,4326)", "public.geometry(Point,3857)", lossy},
		{"modifiers of types that are not known are not known", "public.vector(3)", "public.vector(4)", lossy},
		{"a name in quotes may hold parentheses", `"odd(1)"`, `"odd(2)"`, lossy},
		{"nonsense loses values", ")(", "numeric()", lossy},
	} {
		t.Run(c.says, func(t *testing.T) {
			if got := plan.Convert(c.from, c.to); got != c.want {
				t.Errorf("%s to %s: got %+v, want %+v", c.from, c.to, got, c.want)
			}
		})
	}
}
