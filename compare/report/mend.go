package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// advice is what a finding proposes: words for a person, and a statement where
// one is simple, loses nothing and can be written from the fact alone. Names
// are the template's.
type advice struct{ words, sql string }

// mendAbsent says how to make a required fact true. typ is the type of the
// column that f names, "" where the template leaves it open.
func mendAbsent(f schema.Fact, typ string) advice {
	a := adviceFor(f, typ)
	if len(a.sql) > maxSQLBytes || strings.ContainsFunc(a.sql, func(r rune) bool { return !printable(r) }) {
		a.sql = "" // it could not be copied from a page as it is
	}
	return a
}

func adviceFor(f schema.Fact, typ string) advice {
	if a, ok := columnAdvice(f, typ); ok {
		return a
	}
	if a, ok := tableAdvice(f); ok {
		return a
	}
	return objectAdvice(f)
}

// columnAdvice covers the facts of one column.
func columnAdvice(f schema.Fact, typ string) (advice, bool) {
	alter := "ALTER TABLE " + qualified(f.Schema, f.Table)
	column := " ALTER COLUMN " + schema.Quote(f.Name)
	switch f.Kind {
	case schema.KindColumn:
		a := advice{words: "Add the column; where the template also asks for NOT NULL, fill it before setting that."}
		if typ != "" {
			a.sql = alter + " ADD COLUMN " + schema.Quote(f.Name) + " " + typ + ";"
		}
		return a, true
	case schema.KindColumnType:
		return advice{
			"Change the type after checking that every value fits: digits beyond the new type are lost, and most changes rewrite the table under an exclusive lock.",
			alter + column + " TYPE " + f.Detail + ";",
		}, true
	case schema.KindNotNull:
		return advice{"Fill the rows in which the column is null, then forbid nulls.", alter + column + " SET NOT NULL;"}, true
	case schema.KindDefault:
		a := advice{words: "Set the default; rows that are there already do not change."}
		if plainDefault.MatchString(f.Detail) {
			a.sql = alter + column + " SET DEFAULT " + f.Detail + ";"
		}
		return a, true
	case schema.KindIdentity:
		a := advice{words: "Make the column an identity column: it must be NOT NULL and lose its default first, and its sequence must start above the highest value."}
		if f.Detail == "always" || f.Detail == "by default" {
			a.sql = alter + column + " ADD GENERATED " + strings.ToUpper(f.Detail) + " AS IDENTITY;"
		}
		return a, true
	case schema.KindGenerated:
		return advice{words: "Add the column as a generated one; a column that stores values cannot become generated, so it has to be replaced."}, true
	case schema.KindCollation:
		return advice{words: "Change the collation with ALTER COLUMN ... TYPE ... COLLATE; indexes on the column are rebuilt."}, true
	}
	return advice{}, false
}

// tableAdvice covers the facts of one table.
func tableAdvice(f schema.Fact) (advice, bool) {
	alter := "ALTER TABLE " + qualified(f.Schema, f.Table)
	switch f.Kind {
	case schema.KindTable:
		return advice{words: "Create the table with all that is listed under it."}, true
	case schema.KindPrimaryKey:
		return advice{
			"Add the primary key after removing duplicates and nulls; where the table has another one, decide which of the two stays.",
			alter + " ADD PRIMARY KEY " + f.Detail + ";",
		}, true
	case schema.KindUnique:
		return advice{"Add the constraint after removing duplicates.", alter + " ADD UNIQUE " + f.Detail + ";"}, true
	case schema.KindForeignKey:
		return advice{
			"Add the foreign key after removing rows that point nowhere, and drop the one it replaces where only the actions differ; on a large table add it NOT VALID and validate it separately.",
			alter + " ADD FOREIGN KEY " + f.Detail + ";",
		}, true
	case schema.KindCheck:
		return advice{words: "Add the check after correcting the rows that break it; on a large table add it NOT VALID and validate it separately."}, true
	case schema.KindExclusion:
		return advice{words: "Add the exclusion constraint after correcting the rows that break it."}, true
	case schema.KindIndex:
		a := advice{words: "Create the index; CONCURRENTLY keeps writers going and cannot run in a transaction."}
		if m := plainIndex.FindStringSubmatch(f.Detail); m != nil {
			a.sql = "CREATE " + strings.ToUpper(m[1]) + "INDEX CONCURRENTLY ON " + qualified(f.Schema, f.Table) + " USING " + m[2] + ";"
		}
		return a, true
	case schema.KindRowSecurity:
		return rowSecurityAdvice(f, alter), true
	case schema.KindPartitionKey, schema.KindPartition, schema.KindInheritance:
		return advice{words: "This cannot be changed in place: create the table anew as the template has it and move the rows."}, true
	case schema.KindTrigger:
		return advice{words: "Create the trigger, or enable it where it is there and disabled."}, true
	}
	return advice{}, false
}

func rowSecurityAdvice(f schema.Fact, alter string) advice {
	switch {
	case f.Name != "":
		return advice{words: "Create the row security policy as the template has it."}
	case f.Detail == "enabled":
		return advice{
			"Create the policies first, then enable row security: without a policy nobody but the owner sees a row.",
			alter + " ENABLE ROW LEVEL SECURITY;",
		}
	case f.Detail == "forced":
		return advice{"Force row security, so that it binds the table's owner too.", alter + " FORCE ROW LEVEL SECURITY;"}
	}
	return advice{words: "Set row security as the template has it."}
}

// objectAdvice covers what belongs to no table.
func objectAdvice(f schema.Fact) advice {
	switch f.Kind {
	case schema.KindEnum:
		return advice{words: "Create the type; where it is there with other labels, ALTER TYPE ... ADD VALUE adds one, and removing or reordering needs a new type."}
	case schema.KindSequence:
		return advice{words: "Create the sequence, or alter the one that is there to these options."}
	case schema.KindExtension:
		return advice{"Install the extension; this needs the right to do so.", "CREATE EXTENSION IF NOT EXISTS " + schema.Quote(f.Name) + ";"}
	case schema.KindView:
		return advice{words: "Create the view with these output columns, or replace the one that is there."}
	case schema.KindFunction:
		return advice{words: "Create the function with this signature."}
	}
	return advice{words: fmt.Sprintf("Create the %s as the template has it, or alter the one that is there.", kindNoun(f.Kind))}
}

// plainDefault matches defaults that are the same text in every schema:
// numbers, plain string constants, truth values and the current time.
var plainDefault = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|'([^'\\]|'')*'(::[a-z][a-z ]*)?|true|false|now\(\)|CURRENT_TIMESTAMP|CURRENT_DATE|gen_random_uuid\(\))$`)

// plainIndex matches indexes over whole columns, without expression, predicate
// or anything else behind the list.
var plainIndex = regexp.MustCompile(`^(unique )?([a-z]+ \([^()]*\))$`)

// mendForbidden says what to do about a forbidden fact that is present. No
// statement is proposed: removing something loses it.
func mendForbidden(f schema.Fact) string {
	return fmt.Sprintf("Remove the %s after saving what it holds, or have the template's publisher waive it with a reason and a date.", kindNoun(f.Kind))
}

const mendUndisclosed = "Disclose these verdicts by narrowing the tenant's withholding policy and comparing again, or have them waived."

func mendGroup(members []Fact) string {
	return "Make one of the " + count(len(members), "alternative", "alternatives") + " below true."
}

// kindNouns says what people call the kinds whose name is not their noun.
var kindNouns = map[schema.Kind]string{
	schema.KindColumnType: "column type", schema.KindNotNull: "NOT NULL constraint", schema.KindIdentity: "identity column",
	schema.KindGenerated: "generated column", schema.KindPrimaryKey: "primary key", schema.KindUnique: "unique constraint",
	schema.KindForeignKey: "foreign key", schema.KindCheck: "check constraint", schema.KindExclusion: "exclusion constraint",
	schema.KindPartitionKey: "partitioning", schema.KindEnum: "enum type", schema.KindRowSecurity: "row security",
	schema.KindComposite: "composite type", schema.KindRange: "range type",
}

// kindNoun returns what people call a kind.
func kindNoun(k schema.Kind) string {
	if noun, ok := kindNouns[k]; ok {
		return noun
	}
	return k.String()
}

// title says in one clause what is wrong with one fact.
func title(f schema.Fact, r template.Rule) string {
	where := qualified(f.Schema, f.Table)
	if f.Table == "" {
		where = qualified(f.Schema, f.Name)
	}
	if r == template.RuleForbidden {
		return "Forbidden: " + describe(f)
	}
	if words, ok := columnTitles[f.Kind]; ok {
		return "Column " + schema.Quote(f.Name) + " of " + where + " " + words
	}
	switch {
	case f.Kind == schema.KindTable:
		return "Table " + where + " is missing"
	case f.Table != "":
		return where + " lacks the " + strings.TrimSpace(kindNoun(f.Kind)+" "+quoteName(f.Name))
	}
	return capital(kindNoun(f.Kind)) + " " + where + " is missing or different"
}

var columnTitles = map[schema.Kind]string{
	schema.KindColumn:     "is missing",
	schema.KindColumnType: "has another type",
	schema.KindNotNull:    "accepts nulls",
	schema.KindDefault:    "has another default or none",
	schema.KindIdentity:   "is not this identity column",
	schema.KindGenerated:  "is not generated this way",
	schema.KindCollation:  "has another collation",
}

// shortTitle is a finding's title under a heading that names its table.
func shortTitle(f *Finding) string {
	where := qualified(f.Schema, f.Table)
	if f.Table == "" || f.Kind == schema.KindTable {
		return f.Title
	}
	if rest, ok := strings.CutPrefix(f.Title, where+" lacks"); ok {
		return "Lacks" + rest
	}
	return strings.Replace(f.Title, " of "+where, "", 1)
}

// describe names a fact for people, without its detail.
func describe(f schema.Fact) string {
	switch {
	case f.Table == "":
		return kindNoun(f.Kind) + " " + qualified(f.Schema, f.Name)
	case f.Name == "":
		return kindNoun(f.Kind) + " of " + qualified(f.Schema, f.Table)
	case f.Kind == schema.KindTrigger, f.Kind == schema.KindRowSecurity:
		return kindNoun(f.Kind) + " " + schema.Quote(f.Name) + " of " + qualified(f.Schema, f.Table)
	case f.Kind == schema.KindColumn:
		return "column " + schema.Quote(f.Name) + " of " + qualified(f.Schema, f.Table)
	}
	return kindNoun(f.Kind) + " of column " + schema.Quote(f.Name) + " of " + qualified(f.Schema, f.Table)
}

// expected says what the template asks of a fact.
func expected(f schema.Fact) string {
	what := kindNoun(f.Kind)
	switch f.Kind {
	case schema.KindTable, schema.KindColumn, schema.KindExtension:
		return what + " " + schema.Quote(firstOf(f.Name, f.Table))
	case schema.KindNotNull:
		return "NOT NULL"
	case schema.KindColumnType:
		return f.Detail
	}
	if f.Detail == "" {
		return what
	}
	return what + " " + f.Detail
}

func quoteName(s string) string {
	if s == "" {
		return ""
	}
	return schema.Quote(s)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func capital(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}
