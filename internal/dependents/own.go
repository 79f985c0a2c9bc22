package dependents

// ownTypeSQL lists what an enum or domain has besides its definition.
var ownTypeSQL = `
SELECT array_remove(ARRAY[
	CASE WHEN pg_get_userbyid(t.typowner) <> current_user THEN format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, pg_get_userbyid(t.typowner)) END
] || ` + typeRights.grants() + `
  || ` + commentSQL("pg_type", "t.oid", "format('TYPE %s', t.oid::regtype)") + `, NULL)
FROM pg_type t WHERE t.oid = $1`

// ownKeySQL lists what a key has besides its definition.
var ownKeySQL = `
SELECT ` + commentSQL("pg_constraint", "k.oid", "format('CONSTRAINT %I ON %s', k.conname, k.conrelid::regclass)") + `
	|| ` + commentSQL("pg_class", "k.conindid", "'INDEX ' || k.conindid::regclass") + `
	|| ` + extensionsSQL("pg_class", "k.conindid", "'INDEX ' || k.conindid::regclass") + `
	|| array_remove(ARRAY[
		CASE WHEN x.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', k.conrelid::regclass, k.conname) END,
		CASE WHEN x.indisreplident THEN format('ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I', k.conrelid::regclass, k.conname) END
	], NULL)
FROM pg_constraint k JOIN pg_index x ON x.indexrelid = k.conindid WHERE k.oid = $1`

// queryOwn asks for what the type or key has that changes besides its definition.
func (r *reader) queryOwn(q *round) {
	switch r.change {
	case swapsType:
		q.each(ownTypeSQL, []any{r.changed}, []any{&r.set.Own}, func() {})
	case replacesKey:
		q.each(ownKeySQL, []any{r.changed}, []any{&r.set.Own}, func() {})
	}
}
