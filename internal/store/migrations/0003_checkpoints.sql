-- +goose Up
-- Checkpoints of the log as they were signed, and what witnesses added. No scope changes or deletes one: a log's owner stands by what it signed.
CREATE TABLE veil.checkpoint (
    size   bigint PRIMARY KEY CHECK (size >= 0),
    signed bytea NOT NULL,
    at     timestamptz NOT NULL
);
ALTER TABLE veil.checkpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.checkpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.checkpoint FOR SELECT USING (veil.in_scope());
CREATE POLICY signing ON veil.checkpoint FOR INSERT WITH CHECK (veil.in_service());
INSERT INTO veil.privileges VALUES ('checkpoint', 'SELECT, INSERT');
COMMENT ON TABLE veil.checkpoint IS 'sizes and roots of the log that were signed';
COMMENT ON COLUMN veil.checkpoint.signed IS 'a C2SP checkpoint with the signature of the log alone';

CREATE TABLE veil.cosignature (
    size    bigint NOT NULL REFERENCES veil.checkpoint,
    witness text NOT NULL,
    line    bytea NOT NULL,
    PRIMARY KEY (size, witness)
);
ALTER TABLE veil.cosignature ENABLE ROW LEVEL SECURITY;
ALTER TABLE veil.cosignature FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON veil.cosignature FOR SELECT USING (veil.in_scope());
CREATE POLICY signing ON veil.cosignature FOR INSERT WITH CHECK (veil.in_service());
INSERT INTO veil.privileges VALUES ('cosignature', 'SELECT, INSERT');
COMMENT ON TABLE veil.cosignature IS 'what witnesses added to checkpoints';
COMMENT ON COLUMN veil.cosignature.witness IS 'the key of the witness, as signed notes write it';
COMMENT ON COLUMN veil.cosignature.line IS 'the line of the signed note';
