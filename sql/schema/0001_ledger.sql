-- The ledger: append-only, hash-chained, free of personal data. Every object is named in full: the
-- session's search_path is pg_catalog, and a function's is pinned.

CREATE SCHEMA pgretain;
REVOKE ALL ON SCHEMA pgretain FROM PUBLIC;
COMMENT ON SCHEMA pgretain IS 'pgretain: ledger, legal holds and confirmations of the retention engine';

CREATE SCHEMA pgretain_vault;
REVOKE ALL ON SCHEMA pgretain_vault FROM PUBLIC;
COMMENT ON SCHEMA pgretain_vault IS 'pgretain: quarantined rows; nobody but the owner has rights here';

CREATE TABLE pgretain.migration (
	version		int		PRIMARY KEY,
	name		text		NOT NULL,
	sha256		text		NOT NULL,
	applied_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	applied_by	text		NOT NULL DEFAULT session_user
);
COMMENT ON TABLE pgretain.migration IS 'the schema files that were applied here, in order';
COMMENT ON COLUMN pgretain.migration.version IS 'number of the file sql/schema/NNNN_name.sql';
COMMENT ON COLUMN pgretain.migration.name IS 'its name';
COMMENT ON COLUMN pgretain.migration.sha256 IS 'SHA-256 of its text: an applied file never changes';
COMMENT ON COLUMN pgretain.migration.applied_at IS 'when';
COMMENT ON COLUMN pgretain.migration.applied_by IS 'by which role';

CREATE TABLE pgretain.ledger (
	seq	bigint		PRIMARY KEY CHECK (seq > 0),
	kind	text		NOT NULL CHECK (kind <> ''),
	run	uuid,
	rule	text,
	tbl	text,
	action	text,
	rows	bigint,
	as_of	timestamptz	CHECK (isfinite(as_of)),
	at	timestamptz	NOT NULL CHECK (isfinite(at)),
	actor	text,
	login	text		NOT NULL,
	detail	text		NOT NULL CHECK (jsonb_typeof(detail::jsonb) = 'object'),
	prev	bytea		NOT NULL CHECK (octet_length(prev) = 32),
	hash	bytea		NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX ledger_run ON pgretain.ledger (run);
CREATE INDEX ledger_tbl_at ON pgretain.ledger (tbl, at);
COMMENT ON TABLE pgretain.ledger IS
	'what was done, in order; appended by pgretain.append alone, never changed; no personal data';
COMMENT ON COLUMN pgretain.ledger.seq IS 'number of the entry: 1, 2, 3 without a gap';
COMMENT ON COLUMN pgretain.ledger.kind IS 'run, step, batch, hold, confirm, lineage and so on';
COMMENT ON COLUMN pgretain.ledger.run IS 'the run that it belongs to';
COMMENT ON COLUMN pgretain.ledger.rule IS 'name of the rule in the configuration';
COMMENT ON COLUMN pgretain.ledger.tbl IS 'the table as written in SQL, quoted where needed';
COMMENT ON COLUMN pgretain.ledger.action IS 'delete, anonymize, quarantine and so on';
COMMENT ON COLUMN pgretain.ledger.rows IS 'the server''s count of rows';
COMMENT ON COLUMN pgretain.ledger.as_of IS 'the instant for which due dates were decided';
COMMENT ON COLUMN pgretain.ledger.at IS 'when the entry was written, by the server''s clock';
COMMENT ON COLUMN pgretain.ledger.actor IS 'who, as named by --actor or by the operating system';
COMMENT ON COLUMN pgretain.ledger.login IS 'the role that was logged in: set by the server';
COMMENT ON COLUMN pgretain.ledger.detail IS
	'JSON object of numbers and names; text, because jsonb would write it anew';
COMMENT ON COLUMN pgretain.ledger.prev IS 'hash of the entry before';
COMMENT ON COLUMN pgretain.ledger.hash IS 'pgretain.seal of this entry';
COMMENT ON INDEX pgretain.ledger_run IS 'the entries of one run';
COMMENT ON INDEX pgretain.ledger_tbl_at IS 'what was done to a table, in time';

CREATE TABLE pgretain.ledger_head (
	one	boolean	PRIMARY KEY DEFAULT true CHECK (one),
	seq	bigint	NOT NULL,
	hash	bytea	NOT NULL CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO pgretain.ledger_head (seq, hash) VALUES (0, sha256('pgretain.ledger/1'));
COMMENT ON TABLE pgretain.ledger_head IS 'the newest entry; locked by each append, so that the chain never forks';
COMMENT ON COLUMN pgretain.ledger_head.one IS 'there is one row';
COMMENT ON COLUMN pgretain.ledger_head.seq IS 'number of the newest entry, 0 for none';
COMMENT ON COLUMN pgretain.ledger_head.hash IS 'its hash; of the empty chain: SHA-256 of pgretain.ledger/1';

CREATE FUNCTION pgretain.seal_field(value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN value IS NULL THEN '-,'
		ELSE octet_length(convert_to(value, 'UTF8'))::text || ':' || value || ',' END
$$;
COMMENT ON FUNCTION pgretain.seal_field IS
	'one field of the canonical bytes: length in bytes of its UTF-8, colon, text, comma; NULL is -,';

-- Not extract(epoch) alone: up to PostgreSQL 13 that is a double.
CREATE FUNCTION pgretain.epoch_us(instant timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT extract(epoch FROM date_trunc('second', instant AT TIME ZONE 'UTC'))::bigint * 1000000
		+ extract(microseconds FROM instant AT TIME ZONE 'UTC')::bigint % 1000000
$$;
COMMENT ON FUNCTION pgretain.epoch_us IS 'microseconds since 1970-01-01 00:00 UTC, exact';

CREATE FUNCTION pgretain.seal(entry pgretain.ledger) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT sha256(convert_to(
		   pgretain.seal_field('pgretain.ledger/1')
		|| pgretain.seal_field(entry.seq::text)
		|| pgretain.seal_field(entry.kind)
		|| pgretain.seal_field(entry.run::text)
		|| pgretain.seal_field(entry.rule)
		|| pgretain.seal_field(entry.tbl)
		|| pgretain.seal_field(entry.action)
		|| pgretain.seal_field(entry.rows::text)
		|| pgretain.seal_field(pgretain.epoch_us(entry.as_of)::text)
		|| pgretain.seal_field(pgretain.epoch_us(entry.at)::text)
		|| pgretain.seal_field(entry.actor)
		|| pgretain.seal_field(entry.login)
		|| pgretain.seal_field(entry.detail)
		|| pgretain.seal_field(encode(entry.prev, 'hex')), 'UTF8'))
$$;
COMMENT ON FUNCTION pgretain.seal IS
	'SHA-256 of an entry''s canonical bytes: its fields in order, instants as microseconds, the hash before as hex. '
	'Whole chain in psql: SELECT seq FROM pgretain.ledger l WHERE hash <> pgretain.seal(l)';

CREATE FUNCTION pgretain.append(p_kind text, p_run uuid, p_rule text, p_tbl text, p_action text,
	p_rows bigint, p_as_of timestamptz, p_actor text, p_detail text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	head	pgretain.ledger_head;
	entry	pgretain.ledger;
BEGIN
	SELECT * INTO STRICT head FROM pgretain.ledger_head FOR UPDATE;
	entry := ROW(head.seq + 1, p_kind, p_run, p_rule, p_tbl, p_action, p_rows, p_as_of,
		clock_timestamp(), p_actor, session_user, coalesce(p_detail, '{}'), head.hash, NULL);
	entry.hash := pgretain.seal(entry);
	INSERT INTO pgretain.ledger VALUES (entry.*);
	UPDATE pgretain.ledger_head SET seq = entry.seq, hash = entry.hash;
	RETURN entry.seq;
END
$$;
COMMENT ON FUNCTION pgretain.append IS
	'appends one entry and gives its number; the last statement of the transaction that did the work, '
	'because it holds the head until that ends';

CREATE FUNCTION pgretain.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION '% on %.% is refused: it is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
		USING ERRCODE = 'insufficient_privilege', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION pgretain.refuse_change IS 'trigger: refuses the statement, to the owner too';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pgretain.ledger
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.ledger ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON pgretain.ledger IS 'entries are never changed and never removed';

CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON pgretain.ledger_head
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.ledger_head ENABLE ALWAYS TRIGGER stays;
COMMENT ON TRIGGER stays ON pgretain.ledger_head IS 'the head goes forward and never away';

-- Whether a run is alive is asked of its job's lock, never of a marker that a crash would leave behind.
CREATE FUNCTION pgretain.job_key(job text) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT hashtextextended('pgretain.job.' || coalesce(job, ''), 0)
$$;
COMMENT ON FUNCTION pgretain.job_key IS 'advisory lock of one job: never two runs of it at once';

CREATE TABLE pgretain.rule_text (
	digest		text		PRIMARY KEY,
	text		text		NOT NULL,
	first_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	CHECK (digest = 'sha256:' || encode(sha256(convert_to(text, 'UTF8')), 'hex'))
);
COMMENT ON TABLE pgretain.rule_text IS
	'texts of the rules that entries name by digest (detail: rule_text): configuration, no personal data';
COMMENT ON COLUMN pgretain.rule_text.digest IS 'sha256: and SHA-256 of the text';
COMMENT ON COLUMN pgretain.rule_text.text IS 'class and rule as they were';
COMMENT ON COLUMN pgretain.rule_text.first_at IS 'when it was first used';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pgretain.rule_text
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.rule_text ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON pgretain.rule_text IS 'texts are never changed and never removed';

CREATE FUNCTION pgretain.rule_text_put(p_text text) RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO pgretain.rule_text (digest, text)
	VALUES ('sha256:' || encode(sha256(convert_to(p_text, 'UTF8')), 'hex'), p_text)
	ON CONFLICT (digest) DO NOTHING;
	SELECT 'sha256:' || encode(sha256(convert_to(p_text, 'UTF8')), 'hex');
$$;
COMMENT ON FUNCTION pgretain.rule_text_put IS 'keeps a rule''s text, once, and gives its digest';
