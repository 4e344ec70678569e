--
-- PostgreSQL database dump
--

\restrict Gk7rRMvimI7H7FTNtarTbIXO7sm4ARjM2AuF9voZM45VeSomhVTcfD7l0A6nNkn

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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: empty; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.empty (
);


ALTER TABLE public.empty OWNER TO postgres;

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
-- Data for Name: empty; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.empty DEFAULT VALUES;
INSERT INTO public.empty DEFAULT VALUES;


--
-- Data for Name: p; Type: TABLE DATA; Schema: s; Owner: postgres
--

INSERT INTO s.p (id, at, "T x") VALUES
	(1, '2020-01-01 00:00:00+00', 'a	b\c
d''e'),
	(2, NULL, NULL),
	(3, 'infinity', '\.') ON CONFLICT DO NOTHING;
INSERT INTO s.p (id, at, "T x") VALUES
	(4, '2024-02-29 00:00:00+00', '\N') ON CONFLICT DO NOTHING;


--
-- Name: p p_pkey; Type: CONSTRAINT; Schema: s; Owner: postgres
--

ALTER TABLE ONLY s.p
    ADD CONSTRAINT p_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

\unrestrict Gk7rRMvimI7H7FTNtarTbIXO7sm4ARjM2AuF9voZM45VeSomhVTcfD7l0A6nNkn

