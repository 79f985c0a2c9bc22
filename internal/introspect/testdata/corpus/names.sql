-- Names that need care: mixed case, reserved words, quotes, dots, 63 bytes, beyond ASCII.
CREATE SCHEMA "Mixed Case";
CREATE TYPE "Mixed Case"."Stimmung" AS ENUM ('gut', 'schlecht');
CREATE TABLE "Mixed Case"."Patient" (
  "Id" serial PRIMARY KEY,
  "select" integer CHECK ("select" > 0),
  "true" boolean CHECK ("true" = true),
  "system_user" text CHECK ("system_user" <> ''),
  "json_exists" text CHECK ("json_exists" <> ''),
  "größe in cm" numeric CHECK ("größe in cm" BETWEEN 20 AND 300),
  "名前" text DEFAULT 'x',
  "with ""quotes""" text,
  "with.dot" text,
  "Stimmung" "Mixed Case"."Stimmung" DEFAULT 'gut' CHECK ("Stimmung" IN ('gut', 'schlecht'))
);
CREATE TABLE "Mixed Case"."a.b" ("c.d" integer REFERENCES "Mixed Case"."Patient" ("Id"));
CREATE TABLE "Mixed Case".aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg (
  aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg serial,
  "äääääääääööööööööööüüüüüüüüüüß" serial
);
CREATE INDEX ON "Mixed Case"."Patient" (lower("名前"), "with.dot") WHERE "größe in cm" > 100;
