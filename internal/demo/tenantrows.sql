-- Some rows in every table of the tenant, so that what is done to its database is done to something. The people are numbers.

SET search_path = riverside;

INSERT INTO payers (payer_code, name) VALUES ('RIVER', 'Riverside Health'), ('DELTA', 'Delta Mutual');
INSERT INTO plans (payer_id, plan_code, name, metal_level, effective, deductible, out_of_pocket) VALUES
    (1, 'S-100', 'Silver 100', 'silver', '[2026-01-01,2027-01-01)', 150000, 900000),
    (1, 'G-050', 'Gold 50', 'gold', '[2026-01-01,2027-01-01)', 50000, 450000),
    (2, 'B-300', 'Bronze 300', 'bronze', '[2026-01-01,)', 300000, 1400000);

INSERT INTO members (external_id, family_name, given_name, birth_date, sex, email, ssn, vip_flag, internal_risk_band)
SELECT 'M' || lpad(n::text, 6, '0'), 'Member', 'Number ' || n, date '1950-03-01' + n * 700,
    (ARRAY['female', 'male', 'other', 'unknown'])[1 + n % 4]::administrative_sex, 'member' || n || '@example.org',
    '900-' || lpad((n % 100)::text, 2, '0') || '-' || lpad(n::text, 4, '0'), n % 7 = 0, n % 5
FROM generate_series(1, 24) AS n;
INSERT INTO member_addresses SELECT id, 'home', id || ' River Road', NULL, 'Springfield', 'IL', '62701' FROM members;
INSERT INTO member_consents (member_id, purpose, given_at, revoked_at)
SELECT id, 'research', '2026-01-02 09:00+00', CASE WHEN id % 3 = 0 THEN timestamptz '2026-02-03 09:00+00' END FROM members;
INSERT INTO coverages (member_id, plan_id, subscriber_id, starts_on, ends_on)
SELECT id, 1 + id % 3, id, '2026-01-01', CASE WHEN id % 6 = 0 THEN date '2026-06-30' END FROM members;

INSERT INTO specialties VALUES ('FM', 'Family medicine'), ('CARD', 'Cardiology'), ('LAB', 'Laboratory medicine');
INSERT INTO facilities (npi, name, kind, licensed_beds) VALUES
    ('1000000004', 'Riverside General', 'hospital', 210), ('1000000012', 'Mill Street Laboratory', 'laboratory', 0);
INSERT INTO providers (npi, family_name, given_name, specialty_code, primary_facility_id, poaching_offer_terms) VALUES
    ('1000000020', 'Provider', 'One', 'FM', 1, NULL), ('1000000038', 'Provider', 'Two', 'CARD', 1, 'two years, not before May'),
    ('1000000046', 'Provider', 'Three', 'LAB', 2, NULL);
INSERT INTO network_contracts SELECT p.id, q.id, '[2026-01-01,2027-01-01)', 1 FROM providers p, plans q;
INSERT INTO fee_schedule_periods (effective, published_on) VALUES ('[2026-01-01,2026-07-01)', '2025-11-30'), ('[2026-07-01,2027-01-01)', '2026-05-31');
INSERT INTO fee_schedule_lines SELECT id, code, '', 9000 + id * 100 FROM fee_schedule_periods, (VALUES ('99213'), ('80053'), ('93000')) AS c (code);

INSERT INTO encounters (member_id, provider_id, facility_id, class, started_at, ended_at)
SELECT id, 1 + id % 3, 1, (ARRAY['ambulatory', 'inpatient', 'virtual'])[1 + id % 3]::encounter_class, timestamptz '2026-02-01 08:00+00' + id * interval '1 day',
    timestamptz '2026-02-01 08:40+00' + id * interval '1 day' FROM members;
INSERT INTO diagnoses (encounter_id, icd10_code, rank, present_on_admission) SELECT id, 'E11.9', 1, 'Y' FROM encounters;
INSERT INTO procedures (encounter_id, procedure_code, performed_by, performed_at, modifiers) SELECT id, '80053', 3, started_at, '{25}' FROM encounters;
-- More digits than numeric(14,4) holds: whoever converts them has to want it.
INSERT INTO observations (encounter_id, loinc_code, value_number, unit, observed_at) SELECT id, '4548-4', 5 + id / 7.0, '%', started_at FROM encounters;
INSERT INTO observations (encounter_id, loinc_code, value_text, observed_at) SELECT id, '8302-2', 'not taken', started_at FROM encounters WHERE id % 4 = 0;
INSERT INTO medications VALUES ('00093104801', 'metformin', '500 mg', NULL), ('00406051201', 'oxycodone', '5 mg', 2);
INSERT INTO prescriptions (member_id, prescriber_id, ndc, written_on, quantity, days_supply)
SELECT id, 1, '00093104801', CASE WHEN id % 8 > 0 THEN date '2026-02-10' END, 60, 30 FROM members;

INSERT INTO authorisations (member_id, requested_by, status, decided_at) SELECT id, 2, 'approved', now() FROM members WHERE id % 4 = 0;
INSERT INTO claims (coverage_id, billing_provider_id, encounter_id, form, status, received_on, billed, currency, adjuster_second_opinion, litigation_hold_until)
SELECT c.id, e.provider_id, e.id, 'professional', (ARRAY['received', 'pending', 'approved', 'denied', 'paid'])[1 + e.id % 5]::claim_status, '2026-03-01', 12500 + e.id, 'USD',
    CASE WHEN e.id % 6 = 0 THEN 'pay it, the file is thin' END, CASE WHEN e.id % 12 = 0 THEN date '2030-01-01' END
FROM encounters e JOIN coverages c USING (member_id) ORDER BY e.id;
INSERT INTO claim_lines (claim_id, line_number, procedure_code, service_on, quantity, unit_price) SELECT id, 1, '80053', '2026-02-20', 1, billed FROM claims;
INSERT INTO claim_status_changes (claim_id, old_status, new_status) SELECT id, 'received', status FROM claims WHERE status <> 'received';
INSERT INTO remittances (payer_id, trace_number, paid_on, amount) VALUES (1, 'T-2026-0001', '2026-04-01', 50000);
INSERT INTO remittance_lines SELECT 1, id, 1, billed, 0 FROM claims WHERE status = 'paid';
INSERT INTO appeals (claim_id, filed_on, due_on) SELECT id, '2026-03-20', '2026-04-19' FROM claims WHERE status = 'denied';
INSERT INTO audit_events (happened_at, actor, action, subject) VALUES
    ('2026-03-01 10:00+00', 'adjuster', 'read', 'claim 1000003'), ('2025-12-31 23:00+00', 'import', 'insert', 'claims of 2025');

INSERT INTO fraud_watchlist (provider_id, suspicion, informant_channel) VALUES (2, 'bills more hours than a day has', 'hotline');
INSERT INTO executive_bonus_pool VALUES (2026, 18.50, 240000000);
INSERT INTO merger_candidate_scores VALUES ('Delta Mutual', 41000000.00, 'not before the third quarter');
INSERT INTO mainframe_import_1998 (raw_record) VALUES ('\x00c1d3d740f1f9f9f8'), ('\xdeadbeef');
