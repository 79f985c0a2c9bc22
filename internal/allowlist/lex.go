package allowlist

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wasilibs/go-pgquery/parser"
	"google.golang.org/protobuf/encoding/protowire"
)

// token is a token of PostgreSQL's own scanner.
type token struct {
	text       string // as it stands in the SQL
	start, end int    // bytes
	name       bool   // an identifier or a keyword, quoted or not
}

// Numbers of tokens in the grammar that their text does not tell.
const (
	tokenIdent      = 258
	tokenUIdent     = 259
	tokenSQLComment = 275
	tokenCComment   = 276
)

// lex cuts a text into tokens, comments left out, and refuses names that PostgreSQL would cut.
func lex(sql string) ([]token, error) {
	b, err := inSandbox(parser.ScanToProtobuf, sql)
	if err != nil {
		return nil, complaint(err)
	}
	var tokens []token
	for len(b) > 0 {
		number, wire, size := protowire.ConsumeTag(b)
		if size < 0 {
			return nil, errTree
		}
		b = b[size:]
		if number != scanTokens || wire != protowire.BytesType {
			if size = protowire.ConsumeFieldValue(number, wire, b); size < 0 {
				return nil, errTree
			}
			b = b[size:]
			continue
		}
		message, size := protowire.ConsumeBytes(b)
		if size < 0 {
			return nil, errTree
		}
		b = b[size:]
		t, err := readToken(sql, message)
		if err != nil {
			return nil, err
		}
		if t.text != "" {
			tokens = append(tokens, t)
		}
	}
	return tokens, nil
}

// Numbers of pg_query.proto: of ScanResult's field tokens, and of ScanToken's fields.
const (
	scanTokens   = 2
	tokenStart   = 1
	tokenEnd     = 2
	tokenCode    = 4
	tokenKeyword = 5
)

// readToken reads one token; that of a comment has no text.
func readToken(sql string, b []byte) (token, error) {
	var fields [tokenKeyword + 1]uint64
	for len(b) > 0 {
		number, wire, size := protowire.ConsumeTag(b)
		if size < 0 || wire != protowire.VarintType || number > tokenKeyword {
			return token{}, errTree
		}
		v, n := protowire.ConsumeVarint(b[size:])
		if n < 0 {
			return token{}, errTree
		}
		fields[number] = v
		b = b[size+n:]
	}
	t := token{start: int(fields[tokenStart]), end: int(fields[tokenEnd])}
	if t.start < 0 || t.end < t.start || t.end > len(sql) {
		return t, errTree
	}
	code := fields[tokenCode]
	if code == tokenSQLComment || code == tokenCComment {
		return t, nil
	}
	t.text = sql[t.start:t.end]
	t.name = code == tokenIdent || code == tokenUIdent || fields[tokenKeyword] > 0
	return t, t.checkName()
}

// admit refuses a text that must not reach the parser: too long, no text, names too long, nested too
// deep.
func admit(sql string) error {
	switch {
	case len(sql) > maxStatementBytes:
		return fmt.Errorf("it is longer than %d KiB, the most that is read", maxStatementBytes>>10)
	case strings.IndexByte(sql, 0) >= 0:
		return &placed{"it holds a zero byte, so it is no SQL text", strings.IndexByte(sql, 0)}
	case !utf8.ValidString(sql):
		return &placed{"it is not UTF-8; convert the file", invalidAt(sql)}
	}
	tokens, err := lex(sql)
	if err != nil {
		return err
	}
	if levels := nesting(tokens); levels > maxNesting {
		return fmt.Errorf("it is nested up to %d levels deep, and %d is the most that is read", levels, maxNesting)
	}
	return nil
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(sql string) int {
	for i, r := range sql {
		if r == utf8.RuneError && !strings.HasPrefix(sql[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return 0
}

func (t token) checkName() error {
	name := t.text
	if !t.name || len(name) <= maxNameBytes {
		return nil
	}
	if i := strings.IndexByte(name, '"'); i >= 0 {
		name = strings.ReplaceAll(strings.TrimSuffix(name[i+1:], `"`), `""`, `"`)
	}
	if len(name) <= maxNameBytes {
		return nil
	}
	return &placed{fmt.Sprintf("the name %q has %d bytes, which PostgreSQL would silently cut to %d; shorten it", name, len(name), maxNameBytes), t.start}
}

// placed is an error with its place in the text.
type placed struct {
	reason string
	offset int
}

func (p *placed) Error() string { return p.reason }

// nesting is an upper bound of the depth of the tree that tokens will have, in levels of brackets,
// operators and clauses. Per pair of brackets, a level is
//
//	the deepest pair inside + CASE, JOIN and the like since the last comma + operators since the last comma, AND or OR
//
// because a chain a + b + c leans as deep as it has operators, a list joined by commas, AND or OR
// stays flat, and neither ends a CASE or a JOIN around it. UNION and the like join whole lists, so no
// comma ends them.
func nesting(tokens []token) int {
	open := []pair{{}}
	for _, t := range tokens {
		top := &open[len(open)-1]
		switch t.text {
		case "(", "[":
			open = append(open, pair{})
			continue
		case ")", "]":
			if len(open) > 1 {
				inner := top.depth()
				open = open[:len(open)-1]
				outer := &open[len(open)-1]
				outer.inside = max(outer.inside, inner+1)
				continue
			}
		case ",", ";":
			top.list()
			continue
		}
		if t.name {
			top.word(strings.ToLower(t.text))
		} else if strings.ContainsAny(t.text[:1], "+-*/<>=~!@#%^&|`?:") {
			top.operators++
		}
	}
	depth := 0
	for _, p := range open { // brackets left open are a syntax error, or as deep as they stand
		depth += 1 + p.depth()
	}
	return depth - 1
}

// pair is what stands between two brackets.
type pair struct {
	best      int // of the elements of the list so far
	inside    int // the deepest brackets of this element
	clauses   int // CASE, JOIN, ... of this element
	operators int // since the last AND or OR
	deepest   int // of operators, over the element
	sets      int // UNION, ... of the whole
	between   bool
}

func (p *pair) element() int {
	return p.inside + p.clauses + max(p.deepest, p.operators)
}

func (p *pair) depth() int { return max(p.best, p.element()) + p.sets }

// list ends an element at a comma.
func (p *pair) list() {
	*p = pair{best: max(p.best, p.element()), sets: p.sets}
}

func (p *pair) word(w string) {
	switch w {
	case "union", "intersect", "except", "atomic": // atomic: of BEGIN ATOMIC ... END
		p.sets++
	case "case", "join", "select", "with", "explain", "declare", "create":
		p.clauses++
	case "between":
		p.between = true
		p.operators++
	case "and", "or":
		if p.between { // the AND of BETWEEN joins nothing
			p.between = false
			return
		}
		p.deepest, p.operators = max(p.deepest, p.operators), 0
		p.between = false
	case "not", "is", "isnull", "notnull", "collate", "at", "in", "like", "ilike", "similar", "operator", "overlaps", "escape", "setof":
		p.operators++
	}
}
