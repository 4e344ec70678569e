-- Whose past the ledger tells. A restored or cloned database carries the ledger of the one that it was
-- copied from; by identifier, oid and timeline it is known as another.

CREATE TABLE pgretain.lineage (
	id			int		PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	lineage			uuid		NOT NULL,
	system_identifier	bigint		NOT NULL,
	database_oid		bigint		NOT NULL,
	timeline		bigint		NOT NULL,
	adopted_at		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	adopted_by		text		NOT NULL DEFAULT session_user,
	head_kept_since		timestamptz
);
COMMENT ON TABLE pgretain.lineage IS 'whose past the ledger tells; the newest row counts';
COMMENT ON COLUMN pgretain.lineage.id IS 'order';
COMMENT ON COLUMN pgretain.lineage.lineage IS 'name of this past';
COMMENT ON COLUMN pgretain.lineage.system_identifier IS 'the cluster''s, as pg_control_system() tells it';
COMMENT ON COLUMN pgretain.lineage.database_oid IS 'the database''s, from pg_database';
COMMENT ON COLUMN pgretain.lineage.timeline IS 'the cluster''s timeline';
COMMENT ON COLUMN pgretain.lineage.adopted_at IS 'when';
COMMENT ON COLUMN pgretain.lineage.adopted_by IS 'by which role';
COMMENT ON COLUMN pgretain.lineage.head_kept_since IS
	'since when the head is kept outside the database too: from then on a missing file is an error';

CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON pgretain.lineage
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.lineage ENABLE ALWAYS TRIGGER stays;
COMMENT ON TRIGGER stays ON pgretain.lineage IS 'lineages are never removed';

CREATE FUNCTION pgretain.head_kept() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	UPDATE pgretain.lineage SET head_kept_since = clock_timestamp()
	WHERE id = (SELECT max(id) FROM pgretain.lineage) AND head_kept_since IS NULL
$$;
COMMENT ON FUNCTION pgretain.head_kept IS 'remembers that the head is kept outside the database';
