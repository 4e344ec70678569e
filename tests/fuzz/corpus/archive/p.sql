--
-- PostgreSQL database dump
--

\restrict 3eV9H9QaL1BfWCRSCjj1Ef0puxSfMd1eocKt29tlvbOmtH3Aazi4Qc1ayZTBkKK

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: s; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA s;


ALTER SCHEMA s OWNER TO postgres;

--
-- Name: f(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.f() RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN true THEN 1
             ELSE NULL::integer
         END AS "case";
END;


ALTER FUNCTION public.f() OWNER TO postgres;

--
-- Name: q(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.q() RETURNS text
    LANGUAGE sql
    AS $_$ SELECT 'COPY a FROM stdin;'
-- $y$ ' "
$_$;


ALTER FUNCTION public.q() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: empty; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.empty (
);


ALTER TABLE public.empty OWNER TO postgres;

--
-- Name: c; Type: TABLE; Schema: s; Owner: postgres
--

CREATE TABLE s.c (
    id integer,
    p_id integer,
    bits bit(3),
    g integer GENERATED ALWAYS AS (1) STORED
);


ALTER TABLE s.c OWNER TO postgres;

--
-- Name: p; Type: TABLE; Schema: s; Owner: postgres
--

CREATE TABLE s.p (
    id integer NOT NULL,
    at timestamp with time zone,
    "T x" text
);


ALTER TABLE s.p OWNER TO postgres;

--
-- Name: part; Type: TABLE; Schema: s; Owner: postgres
--

CREATE TABLE s.part (
    k integer
)
PARTITION BY LIST (k);


ALTER TABLE s.part OWNER TO postgres;

--
-- Name: part1; Type: TABLE; Schema: s; Owner: postgres
--

CREATE TABLE s.part1 (
    k integer
);


ALTER TABLE s.part1 OWNER TO postgres;

--
-- Name: part1; Type: TABLE ATTACH; Schema: s; Owner: postgres
--

ALTER TABLE ONLY s.part ATTACH PARTITION s.part1 FOR VALUES IN (1);


--
-- Name: 77; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('77');


ALTER LARGE OBJECT 77 OWNER TO postgres;

--
-- Name: 80; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('80');


ALTER LARGE OBJECT 80 OWNER TO postgres;

--
-- Data for Name: empty; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.empty  FROM stdin;


\.


--
-- Data for Name: c; Type: TABLE DATA; Schema: s; Owner: postgres
--

COPY s.c (id, p_id, bits) FROM stdin;
1	1	101
2	\N	\N
3	3	000
\.


--
-- Data for Name: p; Type: TABLE DATA; Schema: s; Owner: postgres
--

COPY s.p (id, at, "T x") FROM stdin;
1	2020-01-01 00:00:00+00	a\tb\\c\nd'e
2	\N	\N
3	infinity	\\.
4	2024-02-29 00:00:00+00	\\N
\.


--
-- Data for Name: part1; Type: TABLE DATA; Schema: s; Owner: postgres
--

COPY s.part1 (k) FROM stdin;
1
1
\.


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('77', 131072);
SELECT pg_catalog.lowrite(0, '\x70696374757265');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('80', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: p p_pkey; Type: CONSTRAINT; Schema: s; Owner: postgres
--

ALTER TABLE ONLY s.p
    ADD CONSTRAINT p_pkey PRIMARY KEY (id);


--
-- Name: c c_p_id_fkey; Type: FK CONSTRAINT; Schema: s; Owner: postgres
--

ALTER TABLE ONLY s.c
    ADD CONSTRAINT c_p_id_fkey FOREIGN KEY (p_id) REFERENCES s.p(id) ON DELETE SET NULL (p_id);


--
-- PostgreSQL database dump complete
--

\unrestrict 3eV9H9QaL1BfWCRSCjj1Ef0puxSfMd1eocKt29tlvbOmtH3Aazi4Qc1ayZTBkKK

