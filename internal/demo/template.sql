-- Clinical claims: from a member's enrolment over encounters and claims to remittances and appeals.
--
-- An example template of Veil. It loads on PostgreSQL 15 to 18, without superuser rights and without
-- extensions. Amounts are in cents of the claim's currency, so that no rounding hides in them.

CREATE SCHEMA claims;
SET search_path = claims;

-- Vocabulary ------------------------------------------------------------------------------------

CREATE TYPE administrative_sex AS ENUM ('female', 'male', 'other', 'unknown');
CREATE TYPE relationship AS ENUM ('self', 'spouse', 'child', 'other_dependent');
CREATE TYPE encounter_class AS ENUM ('ambulatory', 'emergency', 'inpatient', 'home', 'virtual');
CREATE TYPE claim_form AS ENUM ('professional', 'institutional', 'dental', 'pharmacy');
CREATE TYPE claim_status AS ENUM ('received', 'pending', 'approved', 'denied', 'paid', 'reopened', 'void');
CREATE TYPE authorisation_status AS ENUM ('requested', 'approved', 'partially_approved', 'denied', 'expired');
CREATE TYPE appeal_level AS ENUM ('first', 'second', 'external');

CREATE DOMAIN npi AS char(10)
    CONSTRAINT npi_has_ten_digits CHECK (VALUE ~ '^[12][0-9]{9}$');
CREATE DOMAIN cents AS bigint
    CONSTRAINT cents_are_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN currency_code AS char(3) DEFAULT 'USD'
    CONSTRAINT currency_code_is_upper_case CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN email_address AS varchar(254)
    CONSTRAINT email_address_has_one_at CHECK (VALUE ~ '^[^@]+@[^@]+$');

CREATE SEQUENCE claim_number_seq AS bigint START WITH 1000000 INCREMENT BY 1;

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- Plans and members -----------------------------------------------------------------------------

CREATE TABLE payers (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_code  varchar(15) NOT NULL,
    name        text        NOT NULL,
    active      boolean     NOT NULL DEFAULT true,
    CONSTRAINT payers_code_key UNIQUE (payer_code)
);

CREATE TABLE plans (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_id        integer     NOT NULL REFERENCES payers (id),
    plan_code       varchar(20) NOT NULL,
    name            text        NOT NULL,
    metal_level     varchar(10),
    effective       daterange   NOT NULL,
    deductible      cents       NOT NULL DEFAULT 0,
    out_of_pocket   cents       NOT NULL,
    CONSTRAINT plans_payer_code_key UNIQUE (payer_id, plan_code),
    CONSTRAINT plans_metal_level CHECK (metal_level IN ('bronze', 'silver', 'gold', 'platinum')),
    CONSTRAINT plans_out_of_pocket_covers_deductible CHECK (out_of_pocket >= deductible)
);

CREATE TABLE members (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id     varchar(32)        NOT NULL,
    family_name     text               NOT NULL,
    given_name      text               NOT NULL,
    birth_date      date               NOT NULL,
    sex             administrative_sex NOT NULL DEFAULT 'unknown',
    email           email_address,
    language        char(2)            NOT NULL DEFAULT 'en',
    deceased_on     date,
    created_at      timestamptz        NOT NULL DEFAULT now(),
    updated_at      timestamptz        NOT NULL DEFAULT now(),
    CONSTRAINT members_external_id_key UNIQUE (external_id),
    CONSTRAINT members_born_in_range CHECK (birth_date BETWEEN '1900-01-01' AND '2100-01-01'),
    CONSTRAINT members_died_after_birth CHECK (deceased_on IS NULL OR deceased_on >= birth_date)
);
COMMENT ON TABLE members IS 'People who are or were covered; identifiers of the state are kept elsewhere.';
COMMENT ON COLUMN members.external_id IS 'The payer''s member number, as printed on the card.';

CREATE TABLE member_addresses (
    member_id   bigint      NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    kind        varchar(10) NOT NULL,
    line_1      text        NOT NULL,
    line_2      text,
    city        text        NOT NULL,
    state       char(2)     NOT NULL,
    postal_code varchar(10) NOT NULL,
    PRIMARY KEY (member_id, kind),
    CONSTRAINT member_addresses_kind CHECK (kind IN ('home', 'mailing', 'work'))
);

CREATE TABLE member_consents (
    id          serial PRIMARY KEY,
    member_id   bigint      NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    purpose     varchar(40) NOT NULL,
    given_at    timestamptz NOT NULL,
    revoked_at  timestamptz,
    CONSTRAINT member_consents_revoked_later CHECK (revoked_at > given_at)
);

CREATE TABLE coverages (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id       bigint       NOT NULL REFERENCES members (id),
    plan_id         integer      NOT NULL REFERENCES plans (id),
    subscriber_id   bigint       NOT NULL REFERENCES members (id),
    relationship    relationship NOT NULL DEFAULT 'self',
    starts_on       date         NOT NULL,
    ends_on         date,
    CONSTRAINT coverages_once_a_day UNIQUE (member_id, plan_id, starts_on),
    CONSTRAINT coverages_end_after_start CHECK (ends_on IS NULL OR ends_on > starts_on)
);

-- Providers -------------------------------------------------------------------------------------

CREATE TABLE specialties (
    code    varchar(10) PRIMARY KEY,
    name    text NOT NULL
);

CREATE TABLE facilities (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    npi             npi      NOT NULL,
    name            text     NOT NULL,
    kind            varchar(20) NOT NULL,
    licensed_beds   smallint NOT NULL DEFAULT 0,
    CONSTRAINT facilities_npi_key UNIQUE (npi),
    CONSTRAINT facilities_beds CHECK (licensed_beds >= 0),
    CONSTRAINT facilities_kind CHECK (kind IN ('hospital', 'clinic', 'laboratory', 'pharmacy', 'nursing'))
);

CREATE TABLE providers (
    id                  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    npi                 npi     NOT NULL,
    family_name         text    NOT NULL,
    given_name          text    NOT NULL,
    specialty_code      varchar(10) NOT NULL REFERENCES specialties (code) ON UPDATE CASCADE,
    primary_facility_id integer REFERENCES facilities (id) ON DELETE SET NULL,
    accepts_patients    boolean NOT NULL DEFAULT true,
    CONSTRAINT providers_npi_key UNIQUE (npi)
);

CREATE TABLE network_contracts (
    provider_id integer NOT NULL REFERENCES providers (id),
    plan_id     integer NOT NULL REFERENCES plans (id),
    effective   daterange NOT NULL,
    tier        smallint  NOT NULL DEFAULT 1,
    PRIMARY KEY (provider_id, plan_id, effective),
    CONSTRAINT network_contracts_tier CHECK (tier BETWEEN 1 AND 4)
);

CREATE TABLE fee_schedule_periods (
    id          integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    effective   daterange NOT NULL,
    published_on date     NOT NULL,
    CONSTRAINT fee_schedule_periods_do_not_overlap EXCLUDE USING gist (effective WITH &&)
);

CREATE TABLE fee_schedule_lines (
    period_id       integer     NOT NULL REFERENCES fee_schedule_periods (id) ON DELETE CASCADE,
    procedure_code  varchar(7)  NOT NULL,
    modifier        char(2)     NOT NULL DEFAULT '',
    allowed         cents       NOT NULL,
    PRIMARY KEY (period_id, procedure_code, modifier)
);

-- Care ------------------------------------------------------------------------------------------

CREATE TABLE encounters (
    id                      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id               bigint          NOT NULL REFERENCES members (id),
    provider_id             integer         NOT NULL REFERENCES providers (id),
    facility_id             integer         REFERENCES facilities (id),
    class                   encounter_class NOT NULL,
    started_at              timestamptz     NOT NULL,
    ended_at                timestamptz,
    admission_source        varchar(3),
    discharge_disposition   varchar(3),
    CONSTRAINT encounters_end_after_start CHECK (ended_at >= started_at),
    CONSTRAINT encounters_inpatient_has_facility CHECK (class <> 'inpatient' OR facility_id IS NOT NULL)
);

CREATE TABLE diagnoses (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id    bigint      NOT NULL REFERENCES encounters (id) ON DELETE CASCADE,
    icd10_code      varchar(8)  NOT NULL,
    rank            smallint    NOT NULL,
    present_on_admission char(1),
    CONSTRAINT diagnoses_rank_key UNIQUE (encounter_id, rank),
    CONSTRAINT diagnoses_rank_from_one CHECK (rank >= 1),
    CONSTRAINT diagnoses_present_on_admission CHECK (present_on_admission IN ('Y', 'N', 'U', 'W'))
);

CREATE TABLE procedures (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id    bigint      NOT NULL REFERENCES encounters (id) ON DELETE CASCADE,
    procedure_code  varchar(7)  NOT NULL,
    performed_by    integer     REFERENCES providers (id),
    performed_at    timestamptz NOT NULL,
    modifiers       char(2)[]   NOT NULL DEFAULT '{}',
    CONSTRAINT procedures_at_most_four_modifiers CHECK (cardinality(modifiers) <= 4)
);

CREATE TABLE observations (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encounter_id    bigint      NOT NULL REFERENCES encounters (id) ON DELETE CASCADE,
    loinc_code      varchar(10) NOT NULL,
    value_number    numeric(14,4),
    value_text      text,
    unit            varchar(20),
    observed_at     timestamptz NOT NULL,
    CONSTRAINT observations_have_one_value CHECK (num_nonnulls(value_number, value_text) = 1)
);

CREATE TABLE medications (
    ndc         char(11) PRIMARY KEY,
    name        text    NOT NULL,
    strength    varchar(40),
    controlled  smallint,
    CONSTRAINT medications_schedule CHECK (controlled BETWEEN 2 AND 5)
);

CREATE TABLE prescriptions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id       bigint      NOT NULL REFERENCES members (id),
    prescriber_id   integer     NOT NULL REFERENCES providers (id),
    ndc             char(11)    NOT NULL REFERENCES medications (ndc),
    written_on      date        NOT NULL,
    quantity        numeric(10,3) NOT NULL,
    days_supply     smallint    NOT NULL,
    refills         smallint    NOT NULL DEFAULT 0,
    CONSTRAINT prescriptions_amounts CHECK (quantity > 0 AND days_supply > 0 AND refills >= 0)
);

-- Claims ----------------------------------------------------------------------------------------

CREATE TABLE authorisations (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id       bigint               NOT NULL REFERENCES members (id),
    requested_by    integer              NOT NULL REFERENCES providers (id),
    status          authorisation_status NOT NULL DEFAULT 'requested',
    requested_at    timestamptz          NOT NULL DEFAULT now(),
    decided_at      timestamptz,
    valid_during    daterange,
    CONSTRAINT authorisations_decided CHECK ((status = 'requested') = (decided_at IS NULL))
);

CREATE TABLE claims (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_number        bigint        NOT NULL DEFAULT nextval('claim_number_seq'),
    coverage_id         bigint        NOT NULL REFERENCES coverages (id),
    billing_provider_id integer       NOT NULL REFERENCES providers (id),
    encounter_id        bigint        REFERENCES encounters (id),
    authorisation_id    bigint        REFERENCES authorisations (id),
    replaces_claim_id   bigint        REFERENCES claims (id),
    form                claim_form    NOT NULL,
    status              claim_status  NOT NULL DEFAULT 'received',
    received_on         date          NOT NULL DEFAULT CURRENT_DATE,
    billed              cents         NOT NULL,
    currency            currency_code NOT NULL,
    attachments         jsonb         NOT NULL DEFAULT '[]',
    updated_at          timestamptz   NOT NULL DEFAULT now(),
    CONSTRAINT claims_number_key UNIQUE (claim_number),
    CONSTRAINT claims_do_not_replace_themselves CHECK (replaces_claim_id <> id),
    CONSTRAINT claims_attachments_are_a_list CHECK (jsonb_typeof(attachments) = 'array')
);
ALTER SEQUENCE claim_number_seq OWNED BY claims.claim_number;

CREATE TABLE claim_lines (
    claim_id        bigint       NOT NULL REFERENCES claims (id) ON DELETE CASCADE,
    line_number     smallint     NOT NULL,
    procedure_code  varchar(7)   NOT NULL,
    service_on      date         NOT NULL,
    quantity        numeric(9,2) NOT NULL DEFAULT 1,
    unit_price      cents        NOT NULL,
    line_total      numeric(20,2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    denial_code     varchar(5),
    PRIMARY KEY (claim_id, line_number),
    CONSTRAINT claim_lines_number_from_one CHECK (line_number >= 1),
    CONSTRAINT claim_lines_quantity CHECK (quantity > 0)
);

CREATE TABLE claim_status_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id    bigint       NOT NULL REFERENCES claims (id) ON DELETE CASCADE,
    old_status  claim_status,
    new_status  claim_status NOT NULL,
    changed_at  timestamptz  NOT NULL DEFAULT now(),
    changed_by  text         NOT NULL DEFAULT CURRENT_USER,
    CONSTRAINT claim_status_changes_change CHECK (old_status IS DISTINCT FROM new_status)
);

CREATE TABLE remittances (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_id        integer     NOT NULL REFERENCES payers (id),
    trace_number    varchar(50) NOT NULL,
    paid_on         date        NOT NULL,
    amount          cents       NOT NULL,
    CONSTRAINT remittances_trace_key UNIQUE (payer_id, trace_number)
);

CREATE TABLE remittance_lines (
    remittance_id   bigint   NOT NULL REFERENCES remittances (id) ON DELETE CASCADE,
    claim_id        bigint   NOT NULL,
    line_number     smallint NOT NULL,
    paid            cents    NOT NULL,
    patient_share   cents    NOT NULL DEFAULT 0,
    PRIMARY KEY (remittance_id, claim_id, line_number),
    CONSTRAINT remittance_lines_claim_line_fkey FOREIGN KEY (claim_id, line_number)
        REFERENCES claim_lines (claim_id, line_number) ON DELETE RESTRICT
);

CREATE TABLE appeals (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id    bigint       NOT NULL REFERENCES claims (id),
    level       appeal_level NOT NULL DEFAULT 'first',
    filed_on    date         NOT NULL,
    due_on      date         NOT NULL,
    overturned  boolean,
    CONSTRAINT appeals_level_key UNIQUE (claim_id, level),
    CONSTRAINT appeals_due_after_filing CHECK (due_on > filed_on)
);

CREATE TABLE appeal_documents (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appeal_id   bigint      NOT NULL REFERENCES appeals (id) ON DELETE CASCADE,
    title       text        NOT NULL,
    media_type  varchar(80) NOT NULL DEFAULT 'application/pdf',
    sha256      bytea       NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT appeal_documents_sha256_key UNIQUE (appeal_id, sha256),
    CONSTRAINT appeal_documents_sha256_length CHECK (octet_length(sha256) = 32)
);
CREATE INDEX appeal_documents_received_idx ON appeal_documents (received_at);

-- Audit -----------------------------------------------------------------------------------------

CREATE TABLE audit_events (
    id          bigint      GENERATED BY DEFAULT AS IDENTITY,
    happened_at timestamptz NOT NULL,
    actor       text        NOT NULL,
    action      varchar(20) NOT NULL,
    subject     text        NOT NULL,
    details     jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (happened_at, id),
    CONSTRAINT audit_events_action CHECK (action IN ('read', 'insert', 'update', 'delete', 'export'))
) PARTITION BY RANGE (happened_at);
CREATE TABLE audit_events_2026 PARTITION OF audit_events
    FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
CREATE TABLE audit_events_rest PARTITION OF audit_events DEFAULT;

-- Indexes ---------------------------------------------------------------------------------------

CREATE INDEX members_name_idx ON members (lower(family_name), lower(given_name));
CREATE INDEX member_consents_open_idx ON member_consents (member_id, purpose) WHERE revoked_at IS NULL;
CREATE INDEX coverages_plan_idx ON coverages (plan_id);
CREATE INDEX coverages_open_idx ON coverages (member_id) WHERE ends_on IS NULL;
CREATE INDEX encounters_member_idx ON encounters (member_id, started_at DESC);
CREATE INDEX diagnoses_code_idx ON diagnoses (icd10_code);
CREATE INDEX observations_code_idx ON observations (loinc_code, observed_at);
CREATE INDEX claims_coverage_idx ON claims (coverage_id, received_on);
CREATE INDEX claims_open_idx ON claims (received_on) WHERE status IN ('received', 'pending');
CREATE INDEX claims_attachments_idx ON claims USING gin (attachments);
CREATE INDEX claim_status_changes_claim_idx ON claim_status_changes (claim_id, changed_at);
CREATE UNIQUE INDEX members_email_key ON members (lower(email::text)) WHERE email IS NOT NULL;
CREATE INDEX audit_events_actor_idx ON audit_events (actor, happened_at);

-- Behaviour -------------------------------------------------------------------------------------

CREATE TRIGGER members_touch BEFORE UPDATE ON members
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER claims_touch BEFORE UPDATE ON claims
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_events_are_only_added ON audit_events FOR INSERT WITH CHECK (actor = CURRENT_USER);

CREATE VIEW open_claims AS
    SELECT c.id, c.claim_number, v.member_id, c.status, c.received_on, c.billed
    FROM claims c JOIN coverages v ON v.id = c.coverage_id
    WHERE c.status IN ('received', 'pending', 'reopened');
COMMENT ON VIEW open_claims IS 'Claims that somebody has still to decide.';
