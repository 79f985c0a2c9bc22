package introspect

import "context"

// what asks which objects the schemas have. Members of extensions are counted and left out.
func (r *reader) what(ctx context.Context, opts Options) error {
	if len(opts.Relations) > 0 {
		return r.only(ctx, opts.Relations)
	}
	var (
		q      round
		class  string
		member bool
		oids   []uint32
	)
	r.objects = make(map[string][]uint32)
	q.each(`SELECT o.class, o.member, array_agg(o.objid ORDER BY o.objid)
		FROM (SELECT DISTINCT c.relname::text AS class, d.objid, EXISTS (
				SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e') AS member
			FROM pg_depend d JOIN pg_class c ON c.oid = d.classid
			WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = ANY ($1::oid[])
				AND d.objsubid = 0 AND d.deptype = 'n'
				AND NOT (c.relname = 'pg_proc' AND EXISTS ( -- the functions that come with a range type
					SELECT FROM pg_depend i WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype = 'i'))) o
		GROUP BY o.class, o.member`,
		[]any{r.spaces}, []any{&class, &member, &oids}, func() {
			if member {
				r.members += len(oids)
				return
			}
			r.objects[class] = oids
			if reason, ok := unjudgedClasses[class]; ok {
				r.count[reason] += len(oids)
			}
		})
	return q.send(ctx, r.tx)
}

// unjudgedClasses are the catalogs whose objects give no fact.
var unjudgedClasses = map[string]notJudged{
	"pg_operator":      {"operators", "code, not structure"},
	"pg_opclass":       {"operator classes", "code, not structure; indexes name those they use"},
	"pg_opfamily":      {"operator families", "code, not structure"},
	"pg_collation":     {"collations", "their rules are the operating system's; columns name those they use"},
	"pg_conversion":    {"conversions", "code, not structure"},
	"pg_statistic_ext": {"statistics objects", "for the planner only"},
	"pg_ts_config":     {"text search configurations", "rules of a language, not structure"},
	"pg_ts_dict":       {"text search dictionaries", "rules of a language, not structure"},
	"pg_ts_parser":     {"text search parsers", "code, not structure"},
	"pg_ts_template":   {"text search templates", "code, not structure"},
	"pg_default_acl":   {"default privileges", "rights, not structure"},
}
