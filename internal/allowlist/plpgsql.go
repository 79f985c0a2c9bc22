package allowlist

import (
	"encoding/json"
	"fmt"
	"strings"
)

// How an expression of PL/pgSQL is to be read, by PostgreSQL's RawParseMode.
const (
	modeStatement  = 0
	modeTypeName   = 1
	modeExpression = 2 // what may follow the word SELECT; 3, 4 and 5 are assignments
)

// plpgsqlParts are the parts of a PL/pgSQL function that are only looked into: they declare, branch,
// loop, assign, raise, or hold expressions.
var plpgsqlParts = set(`PLpgSQL_assert PLpgSQL_case_when PLpgSQL_condition PLpgSQL_diag_item PLpgSQL_exception PLpgSQL_exception_block
	PLpgSQL_expr PLpgSQL_function PLpgSQL_if_elsif PLpgSQL_nsitem PLpgSQL_raise_option PLpgSQL_rec PLpgSQL_recfield PLpgSQL_row
	PLpgSQL_stmt_assert PLpgSQL_stmt_assign PLpgSQL_stmt_block PLpgSQL_stmt_call PLpgSQL_stmt_case PLpgSQL_stmt_close
	PLpgSQL_stmt_execsql PLpgSQL_stmt_exit PLpgSQL_stmt_fetch PLpgSQL_stmt_forc PLpgSQL_stmt_foreach_a PLpgSQL_stmt_fori
	PLpgSQL_stmt_fors PLpgSQL_stmt_getdiag PLpgSQL_stmt_if PLpgSQL_stmt_loop PLpgSQL_stmt_open PLpgSQL_stmt_perform
	PLpgSQL_stmt_raise PLpgSQL_stmt_return PLpgSQL_stmt_return_next PLpgSQL_stmt_return_query PLpgSQL_stmt_while PLpgSQL_type
	PLpgSQL_var`)

// plpgsqlBody checks the body of the CREATE FUNCTION statement at hand. A function that only event triggers can
// call may run text (EXECUTE): nobody can call it until a superuser makes an event trigger for it.
func (c *checker) plpgsqlBody(text string, eventTrigger bool) {
	b := c.inner(text)
	b.wide = eventTrigger
	tokens, err := lex(text)
	if err != nil {
		b.fail(err)
		return
	}
	if levels := blocks(tokens); levels > maxBlocks {
		b.refuse(fmt.Sprintf("its statements are nested %d levels deep, and %d is the most that is read", levels, maxBlocks))
		return
	}
	b.defaults(text, tokens)
	answer, err := parsePLpgSQL(c.sql)
	if err != nil {
		b.fail(err)
		return
	}
	var tree any
	if err := json.Unmarshal([]byte(answer), &tree); err != nil {
		b.fail(errTree)
		return
	}
	functions, ok := tree.([]any)
	if !ok || len(functions) != 1 {
		b.fail(errTree)
		return
	}
	b.plpgsql(functions[0])
}

// blocks is an upper bound of how deep the statements of a PL/pgSQL body stand in each other. BEGIN, IF and LOOP open a level
// wherever they stand, CASE where a statement can begin (elsewhere it is an expression); END closes one only where a
// statement can begin, so that no column named end makes the body seem flatter than it is.
func blocks(tokens []token) int {
	depth, deepest := 0, 0
	before, closing := ";", false // the word before, and whether it was an END that closed something
	for _, t := range tokens {
		word := strings.ToLower(t.text)
		begins := before == ";" || before == "begin" || before == "then" || before == "else" || before == "loop"
		ends := word == "end" && begins
		switch {
		case ends:
			depth--
		case closing: // the IF of END IF
		case word == "begin", word == "if", word == "loop", word == "case" && (begins || before == ">>"):
			depth++
			deepest = max(deepest, depth)
		}
		before, closing = word, ends
	}
	return deepest
}

// defaults checks what the variables of DECLARE sections begin with. The parser's JSON leaves it out for variables that are
// records, so here it is read from the tokens for all of them:
//
//	DECLARE name [CONSTANT] type [COLLATE c] [NOT NULL] [{DEFAULT | := | =} expression]; ... BEGIN
//
// Only where a declaration could begin does BEGIN end the section, for types and columns may be named begin too.
func (c *checker) defaults(text string, tokens []token) {
	inside, depth := false, 0
	var first, value int // tokens where the declaration and its expression begin
	for i, t := range tokens {
		switch word := strings.ToLower(t.text); {
		case word == "declare" && (i == 0 || tokens[i-1].text != "."):
			inside, first, value, depth = true, i+1, 0, 0
		case word == "begin" && i == first:
			inside = false
		case !inside:
		case word == "(" || word == "[":
			depth++
		case word == ")" || word == "]":
			depth--
		case word == ";" && depth <= 0:
			if value > 0 && !cursor(tokens[first:i]) {
				c.fragment("SELECT " + text[tokens[value-1].end:t.start])
			}
			first, value, depth = i+1, 0, 0
		case value == 0 && i > first && depth <= 0 && (word == ":=" || word == "=" || word == "default"):
			value = i + 1
		}
	}
}

// cursor says whether a declaration is one of a cursor, whose query the JSON has.
func cursor(tokens []token) bool {
	for _, t := range tokens[min(1, len(tokens)):] {
		switch strings.ToLower(t.text) {
		case "no", "scroll":
		case "cursor":
			return true
		default:
			return false
		}
	}
	return false
}

// plpgsql walks the parser's JSON: objects of one key with a part's name, and plain fields.
func (c *checker) plpgsql(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			c.plpgsql(item)
		}
	case map[string]any:
		for key, value := range v {
			if strings.HasPrefix(key, "PLpgSQL_") {
				fields, _ := value.(map[string]any)
				c.part(key, fields)
			}
			c.plpgsql(value)
		}
	}
}

// part checks one part of a PL/pgSQL function.
func (c *checker) part(kind string, fields map[string]any) {
	switch kind {
	case "PLpgSQL_expr":
		c.expression(fields)
	case "PLpgSQL_condition":
		if name, _ := fields["condname"].(string); swallows[strings.ToLower(name)] {
			c.refuse("an exception handler may not catch " + name + ", which ends what runs too long; take it out")
		}
	case "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors":
		c.dynamic()
	case "PLpgSQL_stmt_return_query", "PLpgSQL_stmt_open":
		if fields["dynquery"] != nil {
			c.dynamic()
		}
	case "PLpgSQL_stmt_commit", "PLpgSQL_stmt_rollback":
		c.refuse("a procedure of a template cannot end transactions; take COMMIT and ROLLBACK out")
	default:
		if !plpgsqlParts[kind] {
			c.refuse("this part of PL/pgSQL (" + strings.TrimPrefix(kind, "PLpgSQL_") + ") is nothing that a template may have; take it out")
		}
	}
}

func (c *checker) dynamic() {
	if !c.wide {
		c.refuse("EXECUTE runs text that cannot be read beforehand; write the statement out")
	}
}

// expression checks the SQL of a PL/pgSQL expression.
func (c *checker) expression(fields map[string]any) {
	sql, _ := fields["query"].(string)
	mode, _ := fields["parseMode"].(float64)
	switch {
	case mode == modeTypeName:
		c.fragment("SELECT NULL::" + sql)
	case mode == modeExpression:
		c.fragment("SELECT " + sql)
	case mode > modeExpression:
		c.assignment(sql)
	default:
		c.fragment(sql)
	}
}

// assignment checks "target := value", where the target may have subscripts.
func (c *checker) assignment(sql string) {
	tokens, err := lex(sql)
	if err != nil {
		c.fail(err)
		return
	}
	depth := 0
	for _, t := range tokens {
		switch t.text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ":=", "=":
			if depth == 0 {
				c.fragment("SELECT " + sql[:t.start])
				c.fragment("SELECT " + sql[t.end:])
				return
			}
		}
	}
	c.refuse("the assignment cannot be read; write it as target := value")
}

// fragment checks SQL of a function that is one statement.
func (c *checker) fragment(sql string) {
	b := c.inner(sql)
	statements, ok := b.read(sql)
	if !ok {
		return
	}
	if len(statements) != 1 {
		b.refuse("an expression of a function is not one statement; write it as one")
		return
	}
	b.bodyStatement(statements[0])
}
