-- One of each kind of thing that a schema may have, as far as a database's owner may make it.
CREATE SCHEMA museum;
COMMENT ON SCHEMA museum IS 'all of it';
GRANT USAGE ON SCHEMA museum TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA museum GRANT SELECT ON TABLES TO pg_monitor;
CREATE EXTENSION pg_trgm;

CREATE TYPE museum.mood AS ENUM ('sad', 'ok');
ALTER TYPE museum.mood ADD VALUE 'fine' BEFORE 'ok';
CREATE DOMAIN museum.positive AS numeric(10, 2) DEFAULT 1 NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE TYPE museum.address AS (street text COLLATE "C", number integer);
COMMENT ON TYPE museum.address IS E'where\nsomebody \\ lives';
CREATE TYPE museum.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE COLLATION museum.plain (provider = libc, locale = 'C');

CREATE FUNCTION museum.double(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
COMMENT ON FUNCTION museum.double(integer) IS 'twice';
GRANT EXECUTE ON FUNCTION museum.double(integer) TO pg_monitor;
CREATE PROCEDURE museum.nothing() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE FUNCTION museum.adder(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE AGGREGATE museum.total(integer) (SFUNC = museum.adder, STYPE = integer, INITCOND = '0');
CREATE OPERATOR museum.|+| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = museum.adder, COMMUTATOR = OPERATOR(museum.|+|));
CREATE FUNCTION museum.street(museum.address) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).street';
CREATE CAST (museum.address AS text) WITH FUNCTION museum.street(museum.address) AS ASSIGNMENT;
CREATE FUNCTION museum.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TEXT SEARCH DICTIONARY museum.dict (TEMPLATE = simple, accept = false);
CREATE TEXT SEARCH CONFIGURATION museum.search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION museum.search ALTER MAPPING FOR word WITH museum.dict, simple;
CREATE CONVERSION museum.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

CREATE SEQUENCE museum.counter AS bigint START 5 INCREMENT 2 MAXVALUE 1000 CACHE 3 CYCLE;
CREATE TABLE museum.parent (
	id integer GENERATED ALWAYS AS IDENTITY (START 10) PRIMARY KEY,
	serial integer DEFAULT nextval('museum.counter') UNIQUE,
	name varchar(20) COLLATE "C" DEFAULT 'it''s' NOT NULL,
	twice integer GENERATED ALWAYS AS (museum.double(2)) STORED,
	feeling museum.mood DEFAULT 'ok',
	price museum.positive,
	home museum.address,
	tags text[] DEFAULT '{}',
	born date DEFAULT '1970-01-02',
	took interval DEFAULT '1 day 02:03:04',
	at timestamptz DEFAULT '2020-02-03 04:05:06+00',
	CONSTRAINT half CHECK (serial <> 3)
) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
ALTER SEQUENCE museum.counter OWNED BY museum.parent.serial;
COMMENT ON TABLE museum.parent IS 'the parent';
COMMENT ON COLUMN museum.parent.name IS 'its name';
GRANT SELECT, INSERT ON museum.parent TO pg_monitor;
GRANT UPDATE (name) ON museum.parent TO pg_monitor;
ALTER TABLE museum.parent ALTER name SET STORAGE EXTERNAL, ALTER name SET STATISTICS 77, ALTER tags SET (n_distinct = 5), ALTER tags SET COMPRESSION pglz;
CREATE INDEX parent_name ON museum.parent USING btree (lower(name) text_pattern_ops DESC NULLS LAST) INCLUDE (born) WITH (fillfactor = 60) WHERE name <> 'x';
COMMENT ON INDEX museum.parent_name IS 'by name';
ALTER INDEX museum.parent_name ALTER COLUMN 1 SET STATISTICS 55;
CREATE INDEX parent_trigram ON museum.parent USING gin (name gin_trgm_ops);
ALTER TABLE museum.parent CLUSTER ON parent_pkey;
ALTER TABLE museum.parent REPLICA IDENTITY USING INDEX parent_pkey;
CREATE STATISTICS museum.stats (dependencies) ON serial, born FROM museum.parent;
ALTER STATISTICS museum.stats SET STATISTICS 66;

CREATE TABLE museum.child (
	id bigint PRIMARY KEY,
	parent integer CONSTRAINT of_parent REFERENCES museum.parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	room int4range,
	CONSTRAINT apart EXCLUDE USING gist (room WITH &&)
);
CREATE TRIGGER fires BEFORE UPDATE OF parent ON museum.child FOR EACH ROW WHEN (NEW.parent > 1) EXECUTE FUNCTION museum.fire('x');
ALTER TABLE museum.child DISABLE TRIGGER fires;
COMMENT ON TRIGGER fires ON museum.child IS 'rarely';
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON museum.child DEFERRABLE FOR EACH ROW EXECUTE FUNCTION museum.fire();
CREATE RULE log AS ON INSERT TO museum.child DO ALSO SELECT 1;
ALTER TABLE museum.child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON museum.child AS RESTRICTIVE FOR UPDATE TO pg_monitor, CURRENT_USER USING (id > 0) WITH CHECK (id > 1);
COMMENT ON POLICY mine ON museum.child IS 'nobody else''s';
CREATE TABLE museum.heir (extra text) INHERITS (museum.parent);
ALTER TABLE museum.parent ADD CONSTRAINT named CHECK (name <> '') NOT VALID;
COMMENT ON CONSTRAINT named ON museum.parent IS 'has a name';
CREATE UNLOGGED TABLE museum.fleeting ();
CREATE TABLE museum.typed OF museum.address;

CREATE TABLE museum.visit (day date NOT NULL, what text, number integer, PRIMARY KEY (day, number)) PARTITION BY RANGE (day);
CREATE TABLE museum.visit_2020 PARTITION OF museum.visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE museum.visit_rest (number integer NOT NULL, what text, day date NOT NULL);
ALTER TABLE museum.visit ATTACH PARTITION museum.visit_rest DEFAULT;
CREATE INDEX visit_what ON museum.visit (what);
CREATE TRIGGER each AFTER INSERT ON museum.visit FOR EACH ROW EXECUTE FUNCTION museum.fire();
CREATE TABLE museum.ticket (id integer, day date, number integer, FOREIGN KEY (day, number) REFERENCES museum.visit);

CREATE VIEW museum.short WITH (security_barrier) AS SELECT id, name FROM museum.parent WHERE born > '2000-01-01';
COMMENT ON COLUMN museum.short.name IS 'short';
ALTER VIEW museum.short ALTER name SET DEFAULT 'none';
CREATE MATERIALIZED VIEW museum.kept AS SELECT count(*) AS n FROM museum.parent WITH NO DATA;
CREATE UNIQUE INDEX kept_n ON museum.kept (n);
CREATE PUBLICATION news FOR TABLE museum.parent (id, name) WHERE (id > 3), museum.visit;
