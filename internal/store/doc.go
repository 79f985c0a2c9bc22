// Package store is the service's PostgreSQL: its schema, who may see what in it, and large values.
//
// # Two roles
//
// One role owns the schema "veil" and is needed for [Migrate] alone. The service works as another, the application role, which owns nothing,
// is no superuser, cannot become one, and has the privileges that the table veil.privileges lists. [Open] refuses any other.
//
//	Migrate ── as the owner ──▶ schema veil ◀── as the application role ── Open ─▶ DB ─▶ Within, Read ─▶ pgx.Tx
//	(migrations/*.sql)          every table: row-level security, forced            (Scope)
//
// # Scopes
//
// Each transaction says first on whose behalf it runs: [Service] sees every row, [Tenant] the rows of one tenant. It is set for the transaction
// alone, with [DB.Within] and [DB.Read], in the round trip that begins it. A connection without a scope sees no row of any table. This is the second
// lock on the door: handlers authorise first, and a query that forgot its WHERE still shows nobody another's rows.
//
// # A new table
//
// A migration is a numbered file, migrations/0002_what_it_is_for.sql, and one that was released is never changed. There are no ways back: who wants
// the old schema restores a backup. goose runs each file in a transaction. Each table needs four statements beside its own, and a test that
// walks over all tables fails without them:
//
//	-- +goose Up
//	CREATE TABLE veil.comparisons (id uuid PRIMARY KEY, tenant uuid NOT NULL, ...);
//	ALTER TABLE veil.comparisons ENABLE ROW LEVEL SECURITY;
//	ALTER TABLE veil.comparisons FORCE ROW LEVEL SECURITY;
//	CREATE POLICY scope ON veil.comparisons USING (veil.in_service() OR tenant = veil.current_tenant());
//	INSERT INTO veil.privileges VALUES ('comparisons', 'SELECT, INSERT, UPDATE, DELETE');
//
// A table that only the service sees has USING (veil.in_service()), and one that every tenant may read has veil.in_scope() in a policy FOR SELECT. The
// policy holds for the owner too, and a migration runs in the service's scope: its own statements about rows find them. A file with more than
// one semicolon in a statement (a function's body) needs goose's StatementBegin and StatementEnd.
//
// # Blobs
//
// [PutBlob] stores a value under its SHA-256 in rows of 1 MiB, once in each scope, and [Blob] checks what it reads. Who needs a blob says so with
// [Hold] and [Release]; [CollectBlobs] deletes what nobody holds. A foreign key stands behind that, so that no race deletes what is held.
//
// # Hints
//
// [DB.Hints] wakes those who wait for something new, by LISTEN and NOTIFY, over one connection for all of them. A hint is never needed for
// something to be right, only for it to be quick.
package store
