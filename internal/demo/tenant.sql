-- The claims database of Riverside Health: built after the clinical claims template by other hands, who
-- spell types in other words, leave constraints unnamed, name indexes in their own way, deviate in ten
-- places, and added what is nobody else's business.

CREATE SCHEMA riverside;
SET search_path = riverside;

-- vocabulary

CREATE TYPE administrative_sex AS ENUM ('female', 'male', 'other', 'unknown');
CREATE TYPE relationship AS ENUM ('self', 'spouse', 'child', 'other_dependent');
CREATE TYPE encounter_class AS ENUM ('ambulatory', 'emergency', 'inpatient', 'home', 'virtual');
CREATE TYPE claim_form AS ENUM ('professional', 'institutional', 'dental', 'pharmacy');
CREATE TYPE claim_status AS ENUM ('received', 'pending', 'approved', 'denied', 'paid', 'void');
CREATE TYPE authorisation_status AS ENUM ('requested', 'approved', 'partially_approved', 'denied', 'expired');
CREATE TYPE appeal_level AS ENUM ('first', 'second', 'external');

CREATE DOMAIN npi AS char(10)
    CONSTRAINT npi_has_ten_digits CHECK (VALUE ~ '^[12][0-9]{9}$');
CREATE DOMAIN cents AS int8
    CONSTRAINT cents_are_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN currency_code AS char(3) DEFAULT 'USD'
    CONSTRAINT currency_code_is_upper_case CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN email_address AS character varying(254)
    CONSTRAINT email_address_has_one_at CHECK (VALUE ~ '^[^@]+@[^@]+$');

CREATE SEQUENCE claim_number_seq AS int8 START WITH 1000000 INCREMENT BY 1;

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- plans and members

CREATE TABLE payers (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_code character varying(15) NOT NULL,
    name text NOT NULL,
    active bool NOT NULL DEFAULT true,
    UNIQUE (payer_code)
);

CREATE TABLE plans (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_id int4 NOT NULL REFERENCES payers (id),
    plan_code character varying(20) NOT NULL,
    name text NOT NULL,
    metal_level character varying(10),
    effective daterange NOT NULL,
    deductible cents NOT NULL DEFAULT 0,
    out_of_pocket cents NOT NULL,
    UNIQUE (payer_id, plan_code),
    CHECK (metal_level IN ('bronze', 'silver', 'gold', 'platinum')),
    CHECK (out_of_pocket >= deductible)
);

CREATE TABLE members (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text NOT NULL,
    family_name text NOT NULL,
    given_name text NOT NULL,
    birth_date date NOT NULL,
    sex administrative_sex NOT NULL DEFAULT 'unknown',
    email email_address,
    ssn char(11),
    vip_flag bool NOT NULL DEFAULT false,
    internal_risk_band int2,
    language char(2) NOT NULL DEFAULT 'en',
    deceased_on date,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    UNIQUE (external_id),
    CHECK (birth_date BETWEEN '1900-01-01' AND '2100-01-01'),
    CHECK (deceased_on IS NULL OR deceased_on >= birth_date)
);
COMMENT ON TABLE members IS 'Ask the board before you add a column here.';

CREATE TABLE member_addresses (
    member_id int8 NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    kind character varying(10) NOT NULL,
    line_1 text NOT NULL,
    line_2 text,
    city text NOT NULL,
    state char(2) NOT NULL,
    postal_code character varying(10) NOT NULL,
    PRIMARY KEY (member_id, kind),
    CHECK (kind IN ('home', 'mailing', 'work'))
);

CREATE TABLE member_consents (
    id serial PRIMARY KEY,
    member_id int8 NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    purpose character varying(40) NOT NULL,
    given_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CHECK (revoked_at > given_at)
);

CREATE TABLE coverages (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id int8 NOT NULL REFERENCES members (id),
    plan_id int4 NOT NULL REFERENCES plans (id),
    subscriber_id int8 NOT NULL REFERENCES members (id),
    relationship relationship NOT NULL DEFAULT 'self',
    starts_on date NOT NULL,
    ends_on date,
    CHECK (ends_on IS NULL OR ends_on > starts_on)
);

-- providers

CREATE TABLE specialties (
    code character varying(10) PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE facilities (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    npi npi NOT NULL,
    name text NOT NULL,
    kind character varying(20) NOT NULL,
    licensed_beds int2 NOT NULL DEFAULT 0,
    UNIQUE (npi),
    CHECK (licensed_beds >= 0),
    CHECK (kind IN ('hospital', 'clinic', 'laboratory', 'pharmacy', 'nursing'))
);

CREATE TABLE providers (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    npi npi NOT NULL,
    family_name text NOT NULL,
    given_name text NOT NULL,
    specialty_code character varying(10) NOT NULL REFERENCES specialties (code) ON UPDATE CASCADE,
    primary_facility_id int4 REFERENCES facilities (id) ON DELETE SET NULL,
    accepts_patients bool NOT NULL DEFAULT true,
    poaching_offer_terms text,
    UNIQUE (npi)
);

CREATE TABLE network_contracts (
    provider_id int4 NOT NULL REFERENCES providers (id),
    plan_id int4 NOT NULL REFERENCES plans (id),
    effective daterange NOT NULL,
    tier int2 NOT NULL DEFAULT 1,
    PRIMARY KEY (provider_id, plan_id, effective),
    CHECK (tier BETWEEN 1 AND 4)
);

CREATE TABLE fee_schedule_periods (
    id int4 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    effective daterange NOT NULL,
    published_on date NOT NULL,
    EXCLUDE USING gist (effective WITH &&)
);

CREATE TABLE fee_schedule_lines (
    period_id int4 NOT NULL REFERENCES fee_schedule_periods (id) ON DELETE CASCADE,
    procedure_code character varying(7) NOT NULL,
    modifier char(2) NOT NULL DEFAULT '',
    allowed cents NOT NULL,
    PRIMARY KEY (period_id, procedure_code, modifier)
);

-- care

CREATE TABLE encounters (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id int8 NOT NULL REFERENCES members (id),
    provider_id int4 NOT NULL REFERENCES providers (id),
    facility_id int4 REFERENCES facilities (id),
    class encounter_class NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    admission_source character varying(3),
    CHECK (ended_at >= started_at),
    CHECK (class <> 'inpatient' OR facility_id IS NOT NULL)
);

CREATE TABLE diagnoses (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id int8 NOT NULL REFERENCES encounters (id),
    icd10_code character varying(8) NOT NULL,
    rank int2 NOT NULL,
    present_on_admission char(1),
    UNIQUE (encounter_id, rank),
    CHECK (rank >= 1),
    CHECK (present_on_admission IN ('Y', 'N', 'U', 'W'))
);

CREATE TABLE procedures (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id int8 NOT NULL REFERENCES encounters (id) ON DELETE CASCADE,
    procedure_code character varying(7) NOT NULL,
    performed_by int4 REFERENCES providers (id),
    performed_at timestamp with time zone NOT NULL,
    modifiers char(2)[] NOT NULL DEFAULT '{}',
    CHECK (cardinality(modifiers) <= 4)
);

CREATE TABLE observations (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id int8 NOT NULL REFERENCES encounters (id) ON DELETE CASCADE,
    loinc_code character varying(10) NOT NULL,
    value_number double precision,
    value_text text,
    unit character varying(20),
    observed_at timestamp with time zone NOT NULL,
    CHECK (num_nonnulls(value_number, value_text) = 1)
);

CREATE TABLE medications (
    ndc char(11) PRIMARY KEY,
    name text NOT NULL,
    strength character varying(40),
    controlled int2,
    CHECK (controlled BETWEEN 2 AND 5)
);

CREATE TABLE prescriptions (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id int8 NOT NULL REFERENCES members (id),
    prescriber_id int4 NOT NULL REFERENCES providers (id),
    ndc char(11) NOT NULL REFERENCES medications (ndc),
    written_on date,
    quantity decimal(10,3) NOT NULL,
    days_supply int2 NOT NULL,
    refills int2 NOT NULL DEFAULT 0,
    CHECK (quantity > 0 AND days_supply > 0 AND refills >= 0)
);

-- claims

CREATE TABLE authorisations (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id int8 NOT NULL REFERENCES members (id),
    requested_by int4 NOT NULL REFERENCES providers (id),
    status authorisation_status NOT NULL DEFAULT 'requested',
    requested_at timestamp with time zone NOT NULL DEFAULT now(),
    decided_at timestamp with time zone,
    valid_during daterange,
    CHECK ((status = 'requested') = (decided_at IS NULL))
);

CREATE TABLE claims (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_number int8 NOT NULL DEFAULT nextval('claim_number_seq'),
    coverage_id int8 NOT NULL REFERENCES coverages (id),
    billing_provider_id int4 NOT NULL REFERENCES providers (id),
    encounter_id int8 REFERENCES encounters (id),
    authorisation_id int8 REFERENCES authorisations (id),
    replaces_claim_id int8 REFERENCES claims (id),
    form claim_form NOT NULL,
    status claim_status NOT NULL DEFAULT 'received',
    received_on date NOT NULL DEFAULT CURRENT_DATE,
    billed cents NOT NULL,
    currency currency_code NOT NULL,
    attachments jsonb NOT NULL DEFAULT '[]',
    adjuster_second_opinion text,
    litigation_hold_until date,
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    UNIQUE (claim_number),
    CHECK (replaces_claim_id <> id),
    CHECK (jsonb_typeof(attachments) = 'array')
);
ALTER SEQUENCE claim_number_seq OWNED BY claims.claim_number;

CREATE TABLE claim_lines (
    claim_id int8 NOT NULL REFERENCES claims (id) ON DELETE CASCADE,
    line_number int2 NOT NULL,
    procedure_code character varying(7) NOT NULL,
    service_on date NOT NULL,
    quantity decimal(9,2) NOT NULL DEFAULT 1,
    unit_price cents NOT NULL,
    line_total decimal(20,2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    denial_code character varying(5),
    PRIMARY KEY (claim_id, line_number),
    CHECK (line_number >= 1),
    CHECK (quantity > 0)
);

CREATE TABLE claim_status_changes (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id int8 NOT NULL REFERENCES claims (id) ON DELETE CASCADE,
    old_status claim_status,
    new_status claim_status NOT NULL,
    changed_at timestamp with time zone NOT NULL DEFAULT now(),
    changed_by text NOT NULL DEFAULT current_user,
    CHECK (old_status IS DISTINCT FROM new_status)
);

CREATE TABLE remittances (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_id int4 NOT NULL REFERENCES payers (id),
    trace_number character varying(50) NOT NULL,
    paid_on date NOT NULL,
    amount cents NOT NULL,
    UNIQUE (payer_id, trace_number)
);

CREATE TABLE remittance_lines (
    remittance_id int8 NOT NULL REFERENCES remittances (id) ON DELETE CASCADE,
    claim_id int8 NOT NULL,
    line_number int2 NOT NULL,
    paid cents NOT NULL,
    patient_share cents NOT NULL DEFAULT 0,
    PRIMARY KEY (remittance_id, claim_id, line_number),
    FOREIGN KEY (claim_id, line_number)
        REFERENCES claim_lines (claim_id, line_number) ON DELETE RESTRICT
);

CREATE TABLE appeals (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id int8 NOT NULL REFERENCES claims (id),
    level appeal_level NOT NULL DEFAULT 'first',
    filed_on date NOT NULL,
    due_on date NOT NULL,
    overturned bool,
    UNIQUE (claim_id, level)
);


-- audit

CREATE TABLE audit_events (
    id int8 GENERATED BY DEFAULT AS IDENTITY,
    happened_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action character varying(20) NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (happened_at, id),
    CHECK (action IN ('read', 'insert', 'update', 'delete', 'export'))
) PARTITION BY RANGE (happened_at);
CREATE TABLE audit_events_2026 PARTITION OF audit_events
    FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
CREATE TABLE audit_events_rest PARTITION OF audit_events DEFAULT;

-- indexes

CREATE INDEX ix_members_name ON members (lower(family_name), lower(given_name));
CREATE INDEX ix_member_consents_open ON member_consents (member_id, purpose) WHERE revoked_at IS NULL;
CREATE INDEX ix_coverages_plan ON coverages (plan_id);
CREATE INDEX ix_coverages_open ON coverages (member_id) WHERE ends_on IS NULL;
CREATE INDEX ix_diagnoses_code ON diagnoses (icd10_code);
CREATE INDEX ix_observations_code ON observations (loinc_code, observed_at);
CREATE INDEX ix_claims_coverage ON claims (coverage_id, received_on);
CREATE INDEX ix_claims_open ON claims (received_on) WHERE status IN ('received', 'pending');
CREATE INDEX ix_claims_attachments ON claims USING gin (attachments);
CREATE INDEX ix_claim_status_changes_claim ON claim_status_changes (claim_id, changed_at);
CREATE UNIQUE INDEX ux_members_email ON members (lower(email::text)) WHERE email IS NOT NULL;
CREATE INDEX ix_audit_events_actor ON audit_events (actor, happened_at);

-- behaviour

CREATE TRIGGER members_touch BEFORE UPDATE ON members
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER claims_touch BEFORE UPDATE ON claims
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_events_are_only_added ON audit_events FOR INSERT WITH CHECK (actor = current_user);

CREATE VIEW open_claims AS
    SELECT c.id, c.claim_number, v.member_id, c.status, c.received_on, c.billed
    FROM claims c JOIN coverages v ON v.id = c.coverage_id
    WHERE c.status IN ('received', 'pending');

-- our own

CREATE TYPE whistleblower_channel AS ENUM ('hotline', 'letter', 'in_person');

CREATE TABLE fraud_watchlist (
    id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_id int4 NOT NULL REFERENCES providers (id),
    suspicion text NOT NULL,
    informant_channel whistleblower_channel,
    opened_on date NOT NULL DEFAULT CURRENT_DATE
);

CREATE TABLE executive_bonus_pool (
    fiscal_year int2 PRIMARY KEY,
    denial_rate_target decimal(5,2) NOT NULL,
    pool_amount cents NOT NULL
);

CREATE TABLE merger_candidate_scores (
    target_name text PRIMARY KEY,
    synergy_estimate decimal(14,2),
    board_only_note text
);

CREATE TABLE mainframe_import_1998 (
    raw_record bytea NOT NULL,
    loaded_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE INDEX ix_mainframe_import_1998 ON mainframe_import_1998 (loaded_at);

CREATE VIEW claims_in_litigation AS
    SELECT id, litigation_hold_until FROM claims WHERE litigation_hold_until > CURRENT_DATE;
