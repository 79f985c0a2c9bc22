-- A clinic's database that grew by itself. What is called own... is nothing of the template's and has to survive to the byte.
CREATE TYPE urgency AS ENUM ('low', 'normal', 'high');
CREATE TYPE stage AS ENUM ('closed', 'open', 'void');
CREATE DOMAIN percent AS integer CHECK (VALUE >= 0);
COMMENT ON TYPE stage IS 'how far it is';
COMMENT ON DOMAIN percent IS 'von hundert';
COMMENT ON TYPE urgency IS 'how soon';
REVOKE USAGE ON TYPE stage FROM PUBLIC;
GRANT USAGE ON TYPE percent TO pg_monitor;
CREATE TYPE own_color AS ENUM ('rot', 'grün', 'blau');
CREATE DOMAIN own_code AS varchar(5) DEFAULT 'x' CHECK (length(VALUE) > 0);
CREATE SEQUENCE ticket_no;
CREATE SEQUENCE own_no INCREMENT BY 3;

CREATE TABLE patient (
	id integer NOT NULL,
	name varchar(100),
	born timestamp NOT NULL,
	height real DEFAULT 1.7,
	weight text,
	urgency urgency NOT NULL DEFAULT 'low',
	stage stage,
	compliance percent,
	own_insurer own_code,
	"own Größe" double precision GENERATED ALWAYS AS (length(own_insurer) * 2) STORED,
	PRIMARY KEY (id),
	CONSTRAINT own_weight CHECK (weight IS NOT NULL OR own_insurer <> '')
);
CREATE TABLE own_taken (patient_name text); -- and an index of a name that the template wants
CREATE INDEX patient_name ON own_taken (patient_name);
CREATE INDEX own_born ON patient (born DESC NULLS LAST) WITH (fillfactor = 70);
CREATE STATISTICS own_both ON name, born FROM patient;
ALTER TABLE patient ALTER COLUMN name SET STATISTICS 321;
COMMENT ON COLUMN patient.name IS 'own comment: so wie im Ausweis';
COMMENT ON TABLE patient IS 'own comment: everybody who was here';

CREATE TABLE visit (
	own_id integer PRIMARY KEY,
	patient_id integer NOT NULL,
	day date,
	diagnosis text,
	cost numeric(8, 2) NOT NULL DEFAULT 1,
	period int4range,
	note text,
	CONSTRAINT visit_patient FOREIGN KEY (patient_id) REFERENCES patient (id) ON DELETE RESTRICT
);
COMMENT ON CONSTRAINT visit_pkey ON visit IS 'the key that it had';
ALTER TABLE visit REPLICA IDENTITY USING INDEX visit_pkey;
CLUSTER visit USING visit_pkey;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON visit FOR SELECT USING (cost < 10);
CREATE POLICY own_all ON visit TO pg_monitor USING (true) WITH CHECK (cost >= 0);

CREATE TABLE measure (at date NOT NULL, patient_id integer NOT NULL, value real) PARTITION BY RANGE (at);
CREATE TABLE own_measure_2019 PARTITION OF measure FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
CREATE TABLE own_measure_rest PARTITION OF measure DEFAULT;
CREATE INDEX own_measure_at ON measure (at);
CREATE INDEX own_rest_value ON own_measure_rest (value);

CREATE TABLE lieferant (id serial PRIMARY KEY, bez text, own_iban text UNIQUE);

-- What is the tenant's own.
CREATE FUNCTION own_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.own_ledger (visit_id, what) VALUES (NULL, TG_OP || ' ' || TG_TABLE_NAME); RETURN NULL; END $$;
CREATE FUNCTION own_price(v visit) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT v.cost * 2 $$;
CREATE TABLE own_ledger (
	no bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2),
	visit_id integer REFERENCES visit ON DELETE SET NULL,
	patient integer DEFAULT 1 REFERENCES patient (id) DEFERRABLE INITIALLY DEFERRED,
	what text, color own_color DEFAULT 'blau', urgent urgency,
	EXCLUDE (no WITH =)
);
CREATE TRIGGER own_log AFTER INSERT OR DELETE ON visit FOR EACH STATEMENT EXECUTE FUNCTION own_log();
CREATE TRIGGER own_quiet AFTER UPDATE OF cost ON visit FOR EACH STATEMENT WHEN (pg_trigger_depth() < 3) EXECUTE FUNCTION own_log();
ALTER TABLE visit DISABLE TRIGGER own_quiet;
-- Whoever writes into patient is noted, changes a column more, and leaves a check for the end.
CREATE FUNCTION own_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.own_insurer = 'neu'; RETURN NEW; END $$;
CREATE FUNCTION own_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER own_noted AFTER UPDATE ON patient FOR EACH STATEMENT EXECUTE FUNCTION own_log();
CREATE TRIGGER own_stamp BEFORE UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION own_stamp();
ALTER TABLE patient ENABLE ALWAYS TRIGGER own_stamp;
CREATE CONSTRAINT TRIGGER own_late AFTER UPDATE ON patient DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION own_check();
CREATE VIEW census AS SELECT id, name, born FROM patient;
CREATE VIEW own_report WITH (security_barrier) AS SELECT c.name, c.born, v.cost FROM census c JOIN visit v ON v.patient_id = c.id;
CREATE VIEW own_top AS SELECT name, max(cost) AS most FROM own_report GROUP BY name;
CREATE MATERIALIZED VIEW own_sums AS SELECT patient_id, sum(cost) AS total FROM visit GROUP BY patient_id;
CREATE UNIQUE INDEX own_sums_key ON own_sums (patient_id);
COMMENT ON VIEW own_report IS 'own comment: für die Leitung';
COMMENT ON COLUMN own_report.cost IS 'own comment: in €';
GRANT SELECT ON own_report TO pg_monitor;
GRANT SELECT (name), UPDATE (name) ON patient TO pg_read_all_stats;
GRANT SELECT ON census, own_sums TO PUBLIC;
CREATE RULE own_no_delete AS ON DELETE TO own_top DO INSTEAD NOTHING;
CREATE SCHEMA own_space;
CREATE TABLE own_space.patient (id integer PRIMARY KEY, of integer REFERENCES public.patient (id), kind own_color[]);
CREATE VIEW own_space.all_visits AS SELECT * FROM public.visit;

-- Rows.
INSERT INTO patient (id, name, born, height, weight, urgency, stage, compliance, own_insurer)
SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE 'Zoë 🏥 ' || i || E'\n\t\\' END, '1950-01-01 11:30'::timestamp + i * interval '1 day', 1.5 + i / 100.0,
	CASE WHEN i % 5 = 0 THEN NULL ELSE (50 + i)::text END, (ARRAY['low', 'normal', 'high'])[1 + i % 3]::urgency,
	(ARRAY['closed', 'open', NULL])[1 + i % 3]::stage, i % 100, 'k' || i % 9
FROM generate_series(1, 60) i;
INSERT INTO visit (own_id, patient_id, day, diagnosis, cost, period, note)
SELECT i, 1 + i % 60, '2001-01-01'::date + i, 'A' || i % 10, i / 4.0, int4range(10 * i, 10 * i + 5), repeat('ü', i % 20)
FROM generate_series(1, 150) i;
INSERT INTO measure SELECT '2019-06-01'::date + 9 * i, 1 + i % 60, i + 0.25 FROM generate_series(1, 80) i;
INSERT INTO lieferant (bez, own_iban) SELECT 'Firma ' || i, 'DE' || i FROM generate_series(1, 9) i;
INSERT INTO own_ledger (visit_id, patient, what, urgent) SELECT i, 1 + i % 60, 'Käse', 'high' FROM generate_series(1, 40) i;
INSERT INTO own_taken SELECT 'n' || i FROM generate_series(1, 5) i;
INSERT INTO own_space.patient SELECT i, i, ARRAY['rot', 'grün']::own_color[] FROM generate_series(1, 20) i;
SELECT nextval('ticket_no'), nextval('own_no'), nextval('own_no');
REFRESH MATERIALIZED VIEW own_sums;
