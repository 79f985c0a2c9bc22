--
-- PostgreSQL database dump
--
\restrict k3yFromPgDump

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
CREATE FUNCTION public.next(i integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE WHEN (i > 0) THEN (i + 1) ELSE 0 END AS "case";
END;
ALTER FUNCTION public.next(i integer) OWNER TO clinic;
COPY public.visit (id, note) FROM stdin;
1	it's; -- not /* SQL
\.
GRANT SELECT ON TABLE public.visit TO reader;
\unrestrict k3yFromPgDump
