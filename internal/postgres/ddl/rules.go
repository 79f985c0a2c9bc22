package ddl

import (
	"slices"
	"strings"
)

// rule says what happens to statements that begin with its words; the first that fits counts.
type rule struct {
	words [][]string // alternatives for each of the first words
	apply func(*Statement)
}

// on reads "a|b" as either word.
func on(apply func(*Statement), words ...string) rule {
	r := rule{apply: apply}
	for _, w := range words {
		r.words = append(r.words, strings.Split(w, "|"))
	}
	return r
}

func (r rule) fits(s *Statement) bool {
	for i, alternatives := range r.words {
		if !slices.ContainsFunc(alternatives, func(k string) bool { return s.is(i, k) }) {
			return false
		}
	}
	return true
}

func skip(why Reason) func(*Statement) {
	return func(s *Statement) { s.Action, s.Reason = ActionSkip, why }
}

func alone(s *Statement) { s.Action = ActionRunAlone }

// rules in the order they are tried. Statements that none of them names run as they are, with
// no more rights than the database's owner has.
var rules = []rule{
	on(skip(ReasonPrivileges), "grant|revoke"),
	on(skip(ReasonPrivileges), "alter", "default", "privileges"),
	on(skip(ReasonOwnership), "reassign", "owned"),
	on(skip(ReasonOwnership), "set", "role"),
	on(skip(ReasonOwnership), "set", "session", "authorization"),
	on(skip(ReasonRoles), "create|alter|drop", "role|group"),
	on(userRule, "create|alter|drop", "user"),
	on(skip(ReasonReplication), "create|alter|drop", "publication|subscription"),
	on(skip(ReasonTablespace), "create|alter|drop", "tablespace"),
	on(skip(ReasonLabel), "security", "label"),
	on(commentRule, "comment", "on"),
	on(eventTriggerRule, "create|alter|drop", "event", "trigger"),
	on(extensionRule, "create", "extension"),
	on(skip(ReasonLanguage), "create", "language", "plpgsql"),
	on(skip(ReasonLanguage), "create", "procedural", "language", "plpgsql"),
	on(skip(ReasonLanguage), "create", "or", "replace", "language", "plpgsql"),
	on(skip(ReasonLanguage), "create", "or", "replace", "procedural", "language", "plpgsql"),
	on(schemaRule, "create", "schema"),
	on(policyRule, "create|alter", "policy"),
	on(copyRule, "copy"),
	on(setRule, "set|reset"),
	on(typeRule, "alter", "type"),
	on(ownerRule, "alter"),
	on(concurrentlyRule, "create|drop", "index"),
	on(concurrentlyRule, "create", "unique", "index"),
	on(concurrentlyRule, "refresh"),
	// What steers transactions or may not stand in one.
	on(alone, "begin|start|commit|end|rollback|abort|savepoint|release|prepare|discard|lock"),
	on(alone, "vacuum|reindex|cluster|checkpoint|listen|call|load"),
	on(alone, "create|alter|drop", "database|system|server"),
}

// userRule tells users, which are roles, from user mappings.
func userRule(s *Statement) {
	if !s.is(2, "mapping") {
		skip(ReasonRoles)(s)
	}
}

// commentRule leaves out comments on what the owner of a database does not own.
func commentRule(s *Statement) {
	for _, what := range []string{"extension", "role", "database", "tablespace", "language", "procedural", "event", "publication", "subscription"} {
		if s.is(2, what) {
			skip(ReasonComment)(s)
		}
	}
}

func eventTriggerRule(s *Statement) { s.Action, s.Reason = ActionEventTrigger, ReasonEventTrigger }

// extensionRule reads CREATE EXTENSION [IF NOT EXISTS] name [WITH] [SCHEMA schema] ....
func extensionRule(s *Statement) {
	i := 2
	if s.is(i, "if") && s.is(i+1, "not") && s.is(i+2, "exists") {
		i += 3
	}
	name, ok := s.name(i)
	if !ok {
		return // PostgreSQL says what is wrong with it
	}
	s.Action, s.Extension = ActionExtension, &Extension{Name: name}
	if at := s.index(i+1, "schema"); at > 0 {
		s.Extension.Schema, _ = s.name(at + 1)
	}
}

// schemaRule lets CREATE SCHEMA public pass where public is there, as dumps of older servers
// have it, and drops the owner, whom this server does not know.
func schemaRule(s *Statement) {
	i, exists := 2, false
	if s.is(i, "if") && s.is(i+1, "not") && s.is(i+2, "exists") {
		i, exists = 5, true
	}
	name, ok := s.name(i)
	if !ok {
		return
	}
	if s.is(i, "authorization") {
		if role, ok := s.name(i + 1); ok && len(s.tokens) == i+2 && !specialRole(s, i+1) {
			s.CreatesSchema = role
			s.rewrite("CREATE SCHEMA " + ifNotExists(exists) + quote(role))
		}
		return
	}
	s.CreatesSchema = name
	switch {
	case s.is(i+1, "authorization") && len(s.tokens) == i+3:
		s.rewrite("CREATE SCHEMA " + ifNotExists(exists || name == "public") + quote(name))
	case name == "public" && !exists && len(s.tokens) == i+1:
		s.rewrite(`CREATE SCHEMA IF NOT EXISTS public`)
	}
}

func ifNotExists(b bool) string {
	if b {
		return "IF NOT EXISTS "
	}
	return ""
}

// rewrite replaces the text that is sent.
func (s *Statement) rewrite(sql string) { s.SQL, s.Rewritten = sql, true }

// quote writes a name as SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// policyRule collects the roles between TO and the clause that follows.
func policyRule(s *Statement) {
	i := s.index(2, "to")
	if i > 0 && s.is(i-1, "rename") {
		return
	}
	for i > 0 {
		i++
		if name, ok := s.name(i); ok && !specialRole(s, i) && !slices.Contains(s.Roles, name) {
			s.Roles = append(s.Roles, name)
		}
		if i++; i >= len(s.tokens) || s.tokens[i].kind != tokenOther || s.tokens[i].text != "," {
			return
		}
	}
}

// specialRole says whether token i is a keyword that stands for a role.
func specialRole(s *Statement, i int) bool {
	return slices.ContainsFunc([]string{"public", "current_role", "current_user", "session_user"}, func(k string) bool { return s.is(i, k) })
}

// copyRule tells rows that come with the file from other uses of COPY, which PostgreSQL refuses
// for want of rights.
func copyRule(s *Statement) {
	to, from := s.index(1, "to"), s.index(1, "from")
	switch {
	case from > 0 && s.is(from+1, "stdin"):
		s.Action, s.Reason = ActionCopyIn, ReasonRows
	case to > 0 && s.is(to+1, "stdout"):
		s.Action, s.Reason = ActionRefuse, ReasonCopyOut
	default:
		alone(s)
	}
}

// ours are settings that a file may not choose for the loader, or that say where data would lie.
var ours = []string{
	"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
	"transaction_timeout", "default_tablespace", "temp_tablespaces", "session_replication_role",
}

func setRule(s *Statement) {
	s.Action = ActionSet
	i := 1
	if s.is(i, "local") || s.is(i, "session") {
		i++
	}
	if name, ok := s.name(i); ok && slices.Contains(ours, name) {
		skip(ReasonSetting)(s)
	}
	if s.is(i, "transaction") || s.is(i, "constraints") || s.is(i, "characteristics") {
		alone(s)
	}
}

// typeRule keeps ALTER TYPE ... ADD VALUE by itself: the value cannot be used before it is
// committed.
func typeRule(s *Statement) {
	alone(s)
	ownerRule(s)
}

// ownerRule leaves out ALTER ... OWNER TO name, and keeps ALTER ... CONCURRENTLY by itself.
func ownerRule(s *Statement) {
	if n := len(s.tokens); n >= 5 && s.is(n-3, "owner") && s.is(n-2, "to") && !isRenaming(s, n-4) {
		skip(ReasonOwnership)(s)
		return
	}
	concurrentlyRule(s)
}

// isRenaming says whether token i is a word before the old name in a RENAME.
func isRenaming(s *Statement, i int) bool {
	return slices.ContainsFunc([]string{"rename", "column", "attribute", "constraint"}, func(k string) bool { return s.is(i, k) })
}

func concurrentlyRule(s *Statement) {
	if s.index(1, "concurrently") > 0 {
		alone(s)
	}
}
