-- Expressions whose text changes on the first dump and reload, and others near them.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s fine');
CREATE DOMAIN code AS varchar(12) DEFAULT 'x' NOT NULL
  CONSTRAINT code_known CHECK (VALUE IN ('a', 'b') OR (VALUE LIKE 'z%' AND (VALUE <> 'zz' AND VALUE <> 'zzz')));

CREATE TABLE checks (
  v varchar(20) CHECK (v IN ('a', 'b', 'c')),
  w varchar CHECK (w NOT IN ('a', 'b') AND w IS NOT NULL),
  c char(3) CHECK (c IN ('abc', 'de')),
  t text CHECK (t IN ('a', 'b')),
  i integer CHECK (i BETWEEN 1 AND 10),
  b bigint CHECK (b IN (1, 2, 3)),
  n numeric(10,2) CHECK (n IN (1, 2.5)),
  s smallint CHECK (s = ANY ('{1,2}'::smallint[])),
  m mood CHECK (m IN ('sad', 'ok')),
  d date CHECK (d >= '2000-01-01' AND d < now()::date),
  ts timestamptz CHECK (EXTRACT(year FROM ts::date) > 1999),
  j jsonb CHECK (j ? 'k' AND (j ->> 'k')::int > 0),
  a text[] CHECK (a <@ ARRAY['x', 'y']::varchar[]::text[]),
  k code,
  CHECK (i > 0 AND (b > 0 AND (n > 0 OR (s > 0 OR n IS NULL)))),
  CHECK ((i > 0 OR b > 0) OR (n > 0 OR (i < 5 AND b BETWEEN 2 AND 4))),
  CHECK (NOT (i = 3 AND NOT (b = 4))),
  CHECK (CASE WHEN v = 'a' AND (i > 1 AND b > 1) THEN true ELSE v::text = t END),
  CHECK (v::char(3) <> t AND CAST(i AS text) <> 'x' AND i::bigint <> b),
  CHECK (lower(v) = v AND length(t) <= 100 AND coalesce(w, '') <> 'none'),
  CHECK (v ~ '^[a-z]+\.''\d$' AND t NOT LIKE '%\_%' ESCAPE '\'),
  CHECK ((i, b) <> (1, 2) AND i IS DISTINCT FROM b),
  CHECK (v = ANY (ARRAY[t, w])) NO INHERIT
);

CREATE TABLE defaults (
  v1 varchar(10) DEFAULT 'x',
  v2 varchar(10) DEFAULT 'x'::text,
  v3 varchar(10) DEFAULT 'x'::varchar,
  v4 varchar(10) DEFAULT NULL,
  v5 varchar(10) DEFAULT ('x' || 'y'),
  i1 integer DEFAULT -1,
  i2 bigint DEFAULT 0,
  i3 bigint DEFAULT 0::bigint,
  i4 bigint DEFAULT '0',
  i5 numeric(8,2) DEFAULT 0.00,
  f1 double precision DEFAULT 1,
  f2 double precision DEFAULT -1.5,
  b1 boolean DEFAULT 'f',
  d1 date DEFAULT now(),
  d2 date DEFAULT now()::date,
  d3 date DEFAULT '2020-02-29',
  t1 timestamptz DEFAULT CURRENT_TIMESTAMP,
  t2 timestamp DEFAULT (now() AT TIME ZONE 'utc'),
  t3 timestamptz DEFAULT '2020-01-01 12:00:00+02',
  p1 interval DEFAULT '1 day 02:00',
  a1 text[] DEFAULT '{}',
  a2 text[] DEFAULT ARRAY[]::text[],
  a3 varchar[] DEFAULT ARRAY['a', 'b'],
  j1 jsonb DEFAULT '{}',
  m1 mood DEFAULT 'ok',
  u1 uuid DEFAULT gen_random_uuid(),
  k1 code DEFAULT 'a',
  g1 integer GENERATED ALWAYS AS (i1 * 2 + length(v1)) STORED
);

CREATE INDEX partial_index ON checks (v, lower(t) DESC) INCLUDE (n) WHERE v IN ('a', 'b') AND (i > 0 AND b > 0);
CREATE UNIQUE INDEX expression_index ON checks ((i + b), (j ->> 'k') NULLS FIRST, t COLLATE "C" text_pattern_ops);
CREATE INDEX hash_index ON checks USING hash (t);
CREATE INDEX gin_index ON checks USING gin (j jsonb_path_ops);
CREATE INDEX gin_words ON checks USING gin (to_tsvector('english', t));
CREATE UNIQUE INDEX distinct_nulls ON checks (s, d) NULLS NOT DISTINCT;
