-- +goose Up
-- Read models: what the reducers of internal/service make of the events. Nothing else writes them.
CREATE TABLE veil.tenant (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
ALTER TABLE veil.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.tenant FOR SELECT USING (veil.in_service() OR id = veil.current_tenant());
CREATE POLICY service ON veil.tenant USING (veil.in_service());
INSERT INTO veil.privileges VALUES ('tenant', 'SELECT, INSERT, DELETE');
COMMENT ON TABLE veil.tenant IS 'read model: who compares';

CREATE TABLE veil.token (
    id         uuid PRIMARY KEY,
    tenant     uuid REFERENCES veil.tenant,
    role       text NOT NULL CHECK (role IN ('operator', 'tenant', 'auditor')),
    label      text NOT NULL,
    hash       bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    once       boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz,
    sequence   bigint NOT NULL UNIQUE,
    CHECK ((role = 'operator') = (tenant IS NULL))
);
CREATE INDEX token_of_tenant ON veil.token (tenant);
ALTER TABLE veil.token ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.token FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON veil.token USING (veil.in_service());
INSERT INTO veil.privileges VALUES ('token', 'SELECT, INSERT, UPDATE, DELETE');
COMMENT ON TABLE veil.token IS 'read model: what lets somebody in, as hashes';

CREATE TABLE veil.template (
    slug         text NOT NULL,
    version      text NOT NULL,
    title        text NOT NULL,
    visibility   text NOT NULL,
    digest       bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    facts        integer NOT NULL,
    blob         bytea NOT NULL,
    bytes        bigint NOT NULL,
    published_at timestamptz NOT NULL,
    sequence     bigint NOT NULL UNIQUE,
    PRIMARY KEY (slug, version)
);
ALTER TABLE veil.template ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.template FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.template FOR SELECT USING (veil.in_scope());
CREATE POLICY service ON veil.template USING (veil.in_service());
INSERT INTO veil.privileges VALUES ('template', 'SELECT, INSERT, DELETE');
COMMENT ON TABLE veil.template IS 'read model: what is compared with';

CREATE TABLE veil.comparison (
    id               uuid PRIMARY KEY,
    tenant           uuid NOT NULL REFERENCES veil.tenant,
    template         bytea NOT NULL REFERENCES veil.template (digest),
    slug             text NOT NULL,
    version          text NOT NULL,
    tenant_key       text NOT NULL,
    parameter_set    text NOT NULL,
    bucket           integer NOT NULL,
    columns          integer NOT NULL,
    submission_bytes bigint NOT NULL,
    state            text NOT NULL,
    reason           text,
    accused          text,
    offence          text,
    evidence         bytea,
    conformance      text,
    present          integer,
    absent           integer,
    undisclosed      integer,
    report           bytea,
    report_bytes     bigint,
    opened_at        timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    stream_version   bigint NOT NULL,
    sequence         bigint NOT NULL UNIQUE
);
CREATE INDEX comparison_of_tenant ON veil.comparison (tenant, sequence DESC);
ALTER TABLE veil.comparison ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.comparison FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.comparison USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('comparison', 'SELECT, INSERT, UPDATE, DELETE');
COMMENT ON TABLE veil.comparison IS 'read model: where each comparison is';

CREATE TABLE veil.message (
    comparison uuid NOT NULL REFERENCES veil.comparison,
    tenant     uuid NOT NULL,
    type       smallint NOT NULL,
    digest     bytea NOT NULL,
    bytes      bigint NOT NULL,
    PRIMARY KEY (comparison, type)
);
ALTER TABLE veil.message ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.message FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.message USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('message', 'SELECT, INSERT, DELETE');
COMMENT ON TABLE veil.message IS 'read model: the messages of comparisons, which lie in blobs';

-- Not a read model: parts of a submission that is on its way. They are nothing that the service knows until the last one is there.
CREATE TABLE veil.upload (
    comparison uuid NOT NULL REFERENCES veil.comparison,
    tenant     uuid NOT NULL,
    start      bigint NOT NULL,
    data       bytea NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (comparison, start)
);
ALTER TABLE veil.upload ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.upload FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON veil.upload USING (veil.in_service() OR tenant = veil.current_tenant());
INSERT INTO veil.privileges VALUES ('upload', 'SELECT, INSERT, DELETE');
COMMENT ON TABLE veil.upload IS 'parts of submissions that are on their way';
