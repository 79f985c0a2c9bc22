package random

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

var plainNames = []string{
	"person", "visit", "claim", "invoice", "item", "account", "note", "device", "batch", "site", "amount", "status", "code", "label", "kind",
	"started_at", "ended_at", "score", "payload", "tags", "parent", "rank", "email", "country", "weight",
}

// oddNames need quotes, or are longer or stranger than most programs expect.
var oddNames = []string{
	"order", "select", "user", "table", "Mixed Case", "camelCase", "größe", "日本", "with space", `say "hi"`, "it's", "semi;colon", "dash-ed", "1st",
	"back\\slash", "per%cent", "$dollar", "end", "😀", strings.Repeat("x", 63), strings.Repeat("é", 31), "a.b", "value", "NULL", "-- no comment",
}

// names hands out names, each once in its room.
type names map[string]bool

// fresh returns a name that the room does not have yet.
func (g *generator) fresh(room names) string {
	list := plainNames
	if g.chance(0.12) {
		list = oddNames
	}
	name := pick(g, list)
	for n := 2; room[name]; n++ {
		name = fmt.Sprintf("%s_%d", pick(g, plainNames), n)
	}
	room[name] = true
	return name
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// in returns the name with the schema.
func in(name string) string { return "public." + quote(name) }

func quoteAll(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = quote(n)
	}
	return strings.Join(list, ", ")
}

// literal quotes a string.
func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}
