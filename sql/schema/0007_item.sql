-- What a request finds in each table and what becomes of it: names, counts and dates. The frozen keys and
-- identifiers are sealed under the key file, which the database never sees.

CREATE TABLE pgretain.request_item (
	request		uuid		NOT NULL REFERENCES pgretain.request,
	rule		text		NOT NULL,
	tbl		text		NOT NULL,
	action		text		NOT NULL,
	matched		bigint		NOT NULL,
	erased		bigint		NOT NULL DEFAULT 0,
	anonymized	bigint		NOT NULL DEFAULT 0,
	quarantined	bigint		NOT NULL DEFAULT 0,
	deferred	bigint		NOT NULL DEFAULT 0,
	minimised	bigint		NOT NULL DEFAULT 0,
	held		bigint		NOT NULL DEFAULT 0,
	retained	bigint		NOT NULL DEFAULT 0,
	not_found	bigint		NOT NULL DEFAULT 0,
	failed		bigint		NOT NULL DEFAULT 0,
	live		bigint		NOT NULL DEFAULT 0,
	unchanged	bigint		NOT NULL DEFAULT 0,
	executed	boolean		NOT NULL DEFAULT false,
	until		timestamptz,
	wake_at		timestamptz,
	grounds		jsonb		NOT NULL DEFAULT '[]',
	sqlstate	text,
	seq		bigint		NOT NULL,
	PRIMARY KEY (request, rule),
	CHECK (matched = erased + anonymized + quarantined + deferred + held + retained + not_found + failed),
	CHECK (least(matched, erased, anonymized, quarantined, deferred, minimised, held, retained, not_found, failed,
		live, unchanged) >= 0),
	CHECK (minimised <= deferred)
);
COMMENT ON TABLE pgretain.request_item IS
	'one table of one request; its parts are what will happen until it is executed, and then what has';
COMMENT ON COLUMN pgretain.request_item.request IS 'the request';
COMMENT ON COLUMN pgretain.request_item.rule IS 'name of the rule in the configuration';
COMMENT ON COLUMN pgretain.request_item.tbl IS 'the table as written in SQL, quoted where needed';
COMMENT ON COLUMN pgretain.request_item.action IS 'delete, anonymize, quarantine';
COMMENT ON COLUMN pgretain.request_item.matched IS 'rows of the person: the sum of the eight parts';
COMMENT ON COLUMN pgretain.request_item.erased IS 'deleted';
COMMENT ON COLUMN pgretain.request_item.anonymized IS 'overwritten for good; of shared rows: link and columns of the person';
COMMENT ON COLUMN pgretain.request_item.quarantined IS 'in the vault: not erased yet';
COMMENT ON COLUMN pgretain.request_item.deferred IS 'kept until the law''s term ends';
COMMENT ON COLUMN pgretain.request_item.minimised IS 'part of deferred: stripped of what the law does not need';
COMMENT ON COLUMN pgretain.request_item.held IS 'under a legal hold';
COMMENT ON COLUMN pgretain.request_item.retained IS 'kept under an approved ground, or nothing in it to change';
COMMENT ON COLUMN pgretain.request_item.not_found IS 'gone in another way meanwhile';
COMMENT ON COLUMN pgretain.request_item.failed IS 'could not be had';
COMMENT ON COLUMN pgretain.request_item.live IS 'rows that still show the person, at the last count';
COMMENT ON COLUMN pgretain.request_item.unchanged IS 'part of retained: shared rows with nothing to change';
COMMENT ON COLUMN pgretain.request_item.executed IS 'the parts are what has happened';
COMMENT ON COLUMN pgretain.request_item.until IS 'its latest end; NULL: none, or none with a date';
COMMENT ON COLUMN pgretain.request_item.wake_at IS 'its next end';
COMMENT ON COLUMN pgretain.request_item.grounds IS 'why something is kept: code, basis, until';
COMMENT ON COLUMN pgretain.request_item.sqlstate IS 'why it failed';
COMMENT ON COLUMN pgretain.request_item.seq IS 'the ledger''s newest entry at the last count';

CREATE TABLE pgretain.request_plan (
	request		uuid	PRIMARY KEY REFERENCES pgretain.request,
	fingerprint	text	NOT NULL,
	plan		text	NOT NULL,
	config		text	NOT NULL
);
COMMENT ON TABLE pgretain.request_plan IS 'what the frozen items of a request were made with';
COMMENT ON COLUMN pgretain.request_plan.request IS 'the request';
COMMENT ON COLUMN pgretain.request_plan.fingerprint IS 'hash of the items: what is approved';
COMMENT ON COLUMN pgretain.request_plan.plan IS 'fingerprint of rules, catalogue and statements';
COMMENT ON COLUMN pgretain.request_plan.config IS 'hash of the rules as configured';

CREATE TABLE pgretain.request_frozen (
	request	uuid	NOT NULL REFERENCES pgretain.request,
	n	int	NOT NULL,
	kind	text	NOT NULL CHECK (kind IN ('key', 'identifier')),
	name	text	NOT NULL,
	since	timestamptz,
	until	timestamptz,
	sealed	bytea	NOT NULL,
	PRIMARY KEY (request, n)
);
COMMENT ON TABLE pgretain.request_frozen IS
	'key and identifiers of the person at the assessment, under the key file; dropped when the certificate is final';
COMMENT ON COLUMN pgretain.request_frozen.request IS 'the request';
COMMENT ON COLUMN pgretain.request_frozen.n IS 'order: 1, 2';
COMMENT ON COLUMN pgretain.request_frozen.kind IS 'key (surrogate) or identifier';
COMMENT ON COLUMN pgretain.request_frozen.name IS 'type of identity, or the identifier''s name';
COMMENT ON COLUMN pgretain.request_frozen.since IS 'the identifier was theirs from then';
COMMENT ON COLUMN pgretain.request_frozen.until IS 'and until then';
COMMENT ON COLUMN pgretain.request_frozen.sealed IS 'the value, AES-256-GCM';

CREATE TABLE pgretain.request_run (
	request	uuid	NOT NULL REFERENCES pgretain.request,
	run	uuid	NOT NULL,
	PRIMARY KEY (request, run)
);
COMMENT ON TABLE pgretain.request_run IS 'the runs that executed a request';
COMMENT ON COLUMN pgretain.request_run.request IS 'the request';
COMMENT ON COLUMN pgretain.request_run.run IS 'the run';

CREATE TABLE pgretain.request_residual (
	request		uuid		PRIMARY KEY REFERENCES pgretain.request,
	scanned_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	tables		bigint		NOT NULL,
	found		bigint		NOT NULL,
	others		bigint		NOT NULL,
	places		jsonb		NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE pgretain.request_residual IS 'the last search for what was frozen, in every text and json column';
COMMENT ON COLUMN pgretain.request_residual.request IS 'the request';
COMMENT ON COLUMN pgretain.request_residual.scanned_at IS 'when';
COMMENT ON COLUMN pgretain.request_residual.tables IS 'tables that were searched';
COMMENT ON COLUMN pgretain.request_residual.found IS 'rows that still show the person and that no item accounts for';
COMMENT ON COLUMN pgretain.request_residual.others IS 'rows that show another person who bears the same identifier';
COMMENT ON COLUMN pgretain.request_residual.places IS 'tables, columns and counts';

-- Whoever asks for a copy, and a ground that is decided, must be seen by a run under way.
CREATE TRIGGER access_changes AFTER UPDATE OF state ON pgretain.request
	FOR EACH ROW WHEN (NEW.kind = 'access' AND OLD.state IS DISTINCT FROM NEW.state)
	EXECUTE FUNCTION pgretain.hold_changes();
ALTER TABLE pgretain.request ENABLE ALWAYS TRIGGER access_changes;
COMMENT ON TRIGGER access_changes ON pgretain.request IS 'a batch either sees who asked for a copy, or has ended';
CREATE TRIGGER changes AFTER INSERT OR UPDATE ON pgretain.request_ground
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.hold_changes();
ALTER TABLE pgretain.request_ground ENABLE ALWAYS TRIGGER changes;
COMMENT ON TRIGGER changes ON pgretain.request_ground IS 'a batch either sees a ground, or has ended';

-- The vault's tables are many and have no common root.
CREATE FUNCTION pgretain.request_vaulted(p_request uuid, p_rule text, OUT rows bigint, OUT purge_after timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v	regclass;
BEGIN
	FOR v IN SELECT r.vault FROM pgretain.vault_rule r WHERE r.rule = p_rule LOOP
		RETURN QUERY EXECUTE format('SELECT count(*), min(t.pgretain_purge_after) FROM %s AS t '
			'WHERE t.pgretain_rule = $1 AND t.pgretain_run IN (SELECT x.run FROM pgretain.request_run x WHERE x.request = $2) '
			'HAVING count(*) > 0', v) USING p_rule, p_request;
	END LOOP;
END
$$;
COMMENT ON FUNCTION pgretain.request_vaulted IS
	'rows that a request''s runs moved into the vault by one rule, not purged yet, by vault table';
