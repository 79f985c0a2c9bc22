-- +goose Up

-- Who asks, as set by the first statement of each transaction. A setting that a transaction made is '' afterwards and not NULL, so both mean
-- nobody. The bodies are bound to their functions here and now: no search_path leads them elsewhere.

CREATE FUNCTION veil.in_service() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('app.scope', true), '') = 'service';

CREATE FUNCTION veil.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN current_setting('app.scope', true) = 'tenant' THEN nullif(current_setting('app.tenant', true), '')::uuid END;

CREATE FUNCTION veil.in_scope() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN veil.in_service() OR veil.current_tenant() IS NOT NULL;

COMMENT ON FUNCTION veil.in_service() IS 'whether the service itself asks, which sees every row';
COMMENT ON FUNCTION veil.current_tenant() IS 'the tenant that asks, or NULL';
COMMENT ON FUNCTION veil.in_scope() IS 'whether the service or a tenant asks';

-- What the application role may do, table by table. A migration cannot name the role; it writes here what is granted, and after all migrations
-- exactly this is granted.

CREATE TABLE veil.privileges (
    relation text PRIMARY KEY,
    granted  text NOT NULL CHECK (granted ~ '^(SELECT|INSERT|UPDATE|DELETE)(, (SELECT|INSERT|UPDATE|DELETE))*$')
);
ALTER TABLE veil.privileges ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.privileges FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON veil.privileges USING (veil.in_service());
COMMENT ON TABLE veil.privileges IS 'what the application role is granted on each table of this schema';

-- goose keeps the versions here, and made the table before this.

ALTER TABLE veil.goose_db_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.goose_db_version FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON veil.goose_db_version USING (veil.in_service());
INSERT INTO veil.privileges VALUES ('goose_db_version', 'SELECT');

-- The events. What counts is the leaf, the bytes that the log has the hash of; the other columns repeat parts of it so that rows can be found,
-- and readers compare them. Nobody may change or delete an event: there is no privilege and no policy for it.

CREATE TABLE veil.events (
    sequence bigint PRIMARY KEY CHECK (sequence >= 0),
    stream   text NOT NULL,
    version  bigint NOT NULL CHECK (version > 0),
    type     text NOT NULL,
    command  uuid NOT NULL,
    part     integer NOT NULL CHECK (part >= 0),
    tenant   uuid,
    leaf     bytea NOT NULL,
    CONSTRAINT events_version UNIQUE (stream, version),
    CONSTRAINT events_command UNIQUE (command, part)
);
-- A tenant's reader asks for its own events beyond a number.
CREATE INDEX events_tenant ON veil.events (tenant, sequence);
ALTER TABLE veil.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.events FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.events FOR SELECT USING (veil.in_service() OR tenant = veil.current_tenant());
CREATE POLICY appending ON veil.events FOR INSERT WITH CHECK (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('events', 'SELECT, INSERT');
COMMENT ON TABLE veil.events IS 'all that the service knows, in order';
COMMENT ON COLUMN veil.events.sequence IS 'number of the leaf in the log, dense from 0';
COMMENT ON COLUMN veil.events.version IS 'number of the event in its stream, dense from 1';
COMMENT ON COLUMN veil.events.part IS 'number of the event among those of its command, dense from 0';
COMMENT ON COLUMN veil.events.tenant IS 'whom the event is about; NULL for the service';
COMMENT ON COLUMN veil.events.leaf IS 'a version byte and canonical JSON (RFC 8785); never written again';

-- The log over them (RFC 6962). Every scope appends, so every scope sees hashes; each leaf has a random command id in it, so that nobody
-- finds out what another tenant's event says by hashing guesses.

CREATE TABLE veil.log_hashes (
    position bigint PRIMARY KEY CHECK (position >= 0),
    hash     bytea NOT NULL CHECK (length(hash) = 32)
);
ALTER TABLE veil.log_hashes ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.log_hashes FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.log_hashes FOR SELECT USING (veil.in_scope());
CREATE POLICY appending ON veil.log_hashes FOR INSERT WITH CHECK (veil.in_scope());
INSERT INTO veil.privileges VALUES ('log_hashes', 'SELECT, INSERT');
COMMENT ON TABLE veil.log_hashes IS 'hashes of leaves and of all full subtrees';
COMMENT ON COLUMN veil.log_hashes.position IS 'the stored hash index of golang.org/x/mod/sumdb/tlog, dense from 0';

CREATE TABLE veil.log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size     bigint NOT NULL CHECK (size >= 0),
    root     bytea NOT NULL CHECK (length(root) = 32),
    edge     bytea NOT NULL CHECK (length(edge) % 32 = 0)
);
ALTER TABLE veil.log_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.log_head FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.log_head USING (veil.in_scope());
INSERT INTO veil.privileges VALUES ('log_head', 'SELECT, UPDATE');
COMMENT ON TABLE veil.log_head IS 'where the log ends; its row''s lock puts writers in order';
COMMENT ON COLUMN veil.log_head.size IS 'number of leaves';
COMMENT ON COLUMN veil.log_head.root IS 'hash of the whole tree';
COMMENT ON COLUMN veil.log_head.edge IS 'hashes of the full subtrees that the size is the sum of, largest first: all that the next leaf needs';
INSERT INTO veil.log_head (size, root, edge) VALUES (0, sha256(''), '');

-- Large values by their SHA-256. Each scope has copies of its own: whether another tenant has the same value is its secret.

CREATE TABLE veil.blobs (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    tenant uuid DEFAULT veil.current_tenant(),
    size   bigint NOT NULL CHECK (size >= 0),
    put_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT blobs_digest UNIQUE NULLS NOT DISTINCT (digest, tenant)
);
CREATE INDEX blobs_tenant ON veil.blobs (tenant);
ALTER TABLE veil.blobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.blobs FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.blobs USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('blobs', 'SELECT, INSERT, UPDATE, DELETE');
COMMENT ON TABLE veil.blobs IS 'large values by their SHA-256';
COMMENT ON COLUMN veil.blobs.tenant IS 'whose copy it is; NULL for the service';
COMMENT ON COLUMN veil.blobs.size IS 'in bytes';
COMMENT ON COLUMN veil.blobs.put_at IS 'when it was last put, held or not';

CREATE TABLE veil.blob_parts (
    blob   bigint NOT NULL REFERENCES veil.blobs ON DELETE CASCADE,
    part   integer NOT NULL CHECK (part >= 0),
    tenant uuid DEFAULT veil.current_tenant(),
    data   bytea NOT NULL CHECK (length(data) BETWEEN 1 AND 1048576),
    PRIMARY KEY (blob, part)
);
-- Ciphertexts do not get smaller.
ALTER TABLE veil.blob_parts ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE veil.blob_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.blob_parts FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.blob_parts USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('blob_parts', 'SELECT, INSERT');
COMMENT ON TABLE veil.blob_parts IS 'the bytes of blobs, 1 MiB a row';

CREATE TABLE veil.blob_holds (
    holder text NOT NULL,
    blob   bigint NOT NULL REFERENCES veil.blobs,
    tenant uuid DEFAULT veil.current_tenant(),
    PRIMARY KEY (holder, blob)
);
CREATE INDEX blob_holds_blob ON veil.blob_holds (blob);
ALTER TABLE veil.blob_holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.blob_holds FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.blob_holds USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('blob_holds', 'SELECT, INSERT, DELETE');
COMMENT ON TABLE veil.blob_holds IS 'who still needs a blob; one that nobody holds is deleted';
