-- The quarantine vault. Each vault table has one shape for ever: the columns that its source had, with
-- their types; a source that changes gets a new vault table, so that every row is kept as it was.
-- Tables are made and dropped by functions here, because a run does not own the schema.

CREATE TABLE pgretain.vault (
	vault			regclass	PRIMARY KEY,
	source			regclass	NOT NULL,
	source_oid		oid		NOT NULL,
	source_name		text		NOT NULL,
	system_identifier	bigint		NOT NULL,
	database_oid		oid		NOT NULL,
	whole			boolean		NOT NULL,
	made_at			timestamptz	NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pgretain.vault IS 'the vault tables, and whose rows each of them holds';
COMMENT ON COLUMN pgretain.vault.vault IS 'table in schema pgretain_vault, partitioned by purge day';
COMMENT ON COLUMN pgretain.vault.source IS 'the table that the rows came from; a dump writes it by its name';
COMMENT ON COLUMN pgretain.vault.source_oid IS 'its oid when the vault table was made: differs after a restore';
COMMENT ON COLUMN pgretain.vault.source_name IS 'its name then';
COMMENT ON COLUMN pgretain.vault.system_identifier IS 'the cluster then, as pg_control_system() tells it';
COMMENT ON COLUMN pgretain.vault.database_oid IS 'the database then';
COMMENT ON COLUMN pgretain.vault.whole IS 'rows; false: key and some columns of rows that stayed';
COMMENT ON COLUMN pgretain.vault.made_at IS 'when it was made';

CREATE TABLE pgretain.vault_rule (
	vault	regclass	NOT NULL REFERENCES pgretain.vault (vault),
	rule	text		NOT NULL,
	PRIMARY KEY (vault, rule)
);
COMMENT ON TABLE pgretain.vault_rule IS 'which rules have put rows into a vault table';
COMMENT ON COLUMN pgretain.vault_rule.vault IS 'the vault table';
COMMENT ON COLUMN pgretain.vault_rule.rule IS 'name of the rule';

CREATE TABLE pgretain.vault_column (
	vault	regclass	NOT NULL REFERENCES pgretain.vault (vault),
	name	name		NOT NULL,
	attnum	int2		NOT NULL,
	PRIMARY KEY (vault, name)
);
COMMENT ON TABLE pgretain.vault_column IS 'which column of the source each column of a vault table came from';
COMMENT ON COLUMN pgretain.vault_column.vault IS 'the vault table';
COMMENT ON COLUMN pgretain.vault_column.name IS 'name of the column there';
COMMENT ON COLUMN pgretain.vault_column.attnum IS 'number of the source''s column: stays when it is renamed';

CREATE FUNCTION pgretain.vault_type(p_type oid, p_typmod int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE base (typ, typmod) AS (
		SELECT p_type, p_typmod
		UNION ALL
		SELECT t.typbasetype, coalesce(nullif(b.typmod, -1), t.typtypmod)
		FROM base b JOIN pg_type t ON t.oid = b.typ WHERE t.typtype = 'd'
	)
	SELECT format_type(b.typ, b.typmod) FROM base b JOIN pg_type t ON t.oid = b.typ WHERE t.typtype <> 'd'
$$;
COMMENT ON FUNCTION pgretain.vault_type IS
	'type of a vault column: the source column''s, domains resolved, so that no later constraint binds old values';

-- By number where the cluster and database are the ones in which the vault table was made. A dump
-- numbers columns anew and writes `source` by name, unless the source was gone: then it is a mere
-- number, which may be any table's elsewhere.
CREATE VIEW pgretain.vault_source AS
SELECT v.vault, v.whole, v.source_name, here.here, c.oid AS source, n.nspname, c.relname
FROM pgretain.vault v
CROSS JOIN LATERAL (SELECT v.database_oid = d.oid AND v.system_identifier = s.system_identifier AS here
	FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d
	WHERE d.datname = pg_catalog.current_database()) here
LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
	ON c.oid = v.source AND c.relkind IN ('r', 'p') AND (here.here OR c.oid <> v.source_oid
		OR v.source_name = pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname));
COMMENT ON VIEW pgretain.vault_source IS 'the vault tables with their source as it is now; source NULL: it is gone';
COMMENT ON COLUMN pgretain.vault_source.vault IS 'table in schema pgretain_vault';
COMMENT ON COLUMN pgretain.vault_source.whole IS 'whole rows; else key and overwritten columns';
COMMENT ON COLUMN pgretain.vault_source.source_name IS 'the source as it was called';
COMMENT ON COLUMN pgretain.vault_source.here IS 'this database is the one in which the vault table was made';
COMMENT ON COLUMN pgretain.vault_source.source IS 'the source now';
COMMENT ON COLUMN pgretain.vault_source.nspname IS 'its schema now';
COMMENT ON COLUMN pgretain.vault_source.relname IS 'its name now';

CREATE VIEW pgretain.vault_map AS
SELECT s.vault, s.source, k.name, va.attnum AS place,
	pg_catalog.format_type(va.atttypid, va.atttypmod) AS type, a.attname AS source_column,
	pgretain.vault_type(a.atttypid, a.atttypmod) AS source_type,
	pgretain.vault_type(a.atttypid, a.atttypmod) = pg_catalog.format_type(va.atttypid, va.atttypmod)
		AND a.attcollation = va.attcollation AND a.attgenerated = '' AS same,
	a.attgenerated <> '' AS generated
FROM pgretain.vault_source s
JOIN pgretain.vault_column k ON k.vault = s.vault
JOIN pg_catalog.pg_attribute va ON va.attrelid = s.vault AND va.attname = k.name AND NOT va.attisdropped
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = s.source AND a.attnum > 0 AND NOT a.attisdropped
	AND CASE WHEN s.here THEN a.attnum = k.attnum ELSE a.attname = k.name END;
COMMENT ON VIEW pgretain.vault_map IS
	'columns of the vault tables, in order, with the source''s column as it is now; source_column NULL: it was dropped';
COMMENT ON COLUMN pgretain.vault_map.vault IS 'table in schema pgretain_vault';
COMMENT ON COLUMN pgretain.vault_map.source IS 'the source now';
COMMENT ON COLUMN pgretain.vault_map.name IS 'column of the vault table';
COMMENT ON COLUMN pgretain.vault_map.place IS 'its place there';
COMMENT ON COLUMN pgretain.vault_map.type IS 'its type there';
COMMENT ON COLUMN pgretain.vault_map.source_column IS 'the column that it came from, as it is called now';
COMMENT ON COLUMN pgretain.vault_map.source_type IS 'the type that the vault would give that column now';
COMMENT ON COLUMN pgretain.vault_map.same IS 'type and collation are what they were, and it is not generated';
COMMENT ON COLUMN pgretain.vault_map.generated IS 'the source computes the column by itself';

CREATE FUNCTION pgretain.vault_secure(p_relation regclass, p_root boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	grantee	text;
BEGIN
	FOR grantee IN
		SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
		FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
		WHERE c.oid = p_relation AND a.grantee <> c.relowner
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', p_relation, grantee);
	END LOOP;
	IF p_root THEN
		EXECUTE format('GRANT SELECT, INSERT, DELETE ON %s TO pgretain_runner', p_relation);
	END IF;
END
$$;
COMMENT ON FUNCTION pgretain.vault_secure IS
	'takes every right that default privileges have given away; the vault table itself is the runner''s';

CREATE FUNCTION pgretain.vault_make(p_vault text, p_source regclass, p_columns text[], p_whole boolean)
RETURNS regclass
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made	regclass;
	list	text;
BEGIN
	SELECT string_agg(format(', %I %s%s', a.attname, pgretain.vault_type(a.atttypid, a.atttypmod),
			(SELECT format(' COLLATE %I.%I', n.nspname, o.collname) FROM pg_collation o
			 JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation)), '' ORDER BY w.place)
	INTO STRICT list
	FROM unnest(p_columns) WITH ORDINALITY AS w (name, place)
	JOIN pg_attribute a ON a.attrelid = p_source AND a.attname = w.name AND a.attnum > 0;
	EXECUTE format('CREATE TABLE pgretain_vault.%I (pgretain_run uuid NOT NULL, pgretain_rule text NOT NULL, '
		'pgretain_purge_after timestamptz NOT NULL%s) PARTITION BY RANGE (pgretain_purge_after)', p_vault, list);
	made := format('pgretain_vault.%I', p_vault);
	EXECUTE format('COMMENT ON TABLE %s IS %L', made, format('pgretain: quarantined %s of %s',
		CASE WHEN p_whole THEN 'rows' ELSE 'columns' END, p_source));
	EXECUTE format('COMMENT ON COLUMN %s.pgretain_run IS ''the run that moved the row''', made);
	EXECUTE format('COMMENT ON COLUMN %s.pgretain_rule IS ''the rule that it fell under''', made);
	EXECUTE format('COMMENT ON COLUMN %s.pgretain_purge_after IS ''not purged before this instant''', made);
	PERFORM pgretain.vault_secure(made, true);
	INSERT INTO pgretain.vault (vault, source, source_oid, source_name, system_identifier, database_oid, whole)
	SELECT made, p_source, p_source, format('%I.%I', n.nspname, c.relname), s.system_identifier, d.oid, p_whole
	FROM pg_control_system() s, pg_database d, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE d.datname = current_database() AND c.oid = p_source;
	INSERT INTO pgretain.vault_column (vault, name, attnum)
	SELECT made, a.attname, a.attnum FROM pg_attribute a
	WHERE a.attrelid = p_source AND a.attnum > 0 AND a.attname = ANY(p_columns);
	RETURN made;
END
$$;
COMMENT ON FUNCTION pgretain.vault_make IS 'makes and registers a vault table for the source as it is now';

CREATE FUNCTION pgretain.vault_prepare(p_vault text, p_source regclass, p_columns text[], p_whole boolean,
	p_rule text, p_purge_after timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	wanted	regclass := to_regclass(format('pgretain_vault.%I', p_vault));
	day	timestamptz := date_trunc('day', p_purge_after);
	part	text := p_vault || '@' || to_char(p_purge_after, 'YYYYMMDD');
BEGIN
	IF p_purge_after <= now() OR NOT isfinite(p_purge_after) THEN
		RAISE EXCEPTION 'the purge date must lie ahead' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(1885827685, 3);
	IF wanted IS NULL THEN
		wanted := pgretain.vault_make(p_vault, p_source, p_columns, p_whole);
	ELSIF NOT EXISTS (SELECT FROM pgretain.vault_source s WHERE s.vault = wanted AND s.source = p_source
			AND s.whole = p_whole)
		OR p_columns IS DISTINCT FROM (SELECT array_agg(m.source_column::text ORDER BY m.place)
			FROM pgretain.vault_map m WHERE m.vault = wanted AND m.same AND m.name = m.source_column) THEN
		RAISE EXCEPTION 'vault table % does not fit its source any more', wanted
			USING ERRCODE = 'datatype_mismatch', TABLE = p_vault, SCHEMA = 'pgretain_vault';
	END IF;
	INSERT INTO pgretain.vault_rule (vault, rule) VALUES (wanted, p_rule) ON CONFLICT DO NOTHING;
	IF NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = wanted
			AND i.inhrelid = to_regclass(format('pgretain_vault.%I', part))) THEN
		EXECUTE format('CREATE TABLE pgretain_vault.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
			part, wanted, day, day + interval '1 day');
		PERFORM pgretain.vault_secure(format('pgretain_vault.%I', part)::regclass, false);
	END IF;
END
$$;
COMMENT ON FUNCTION pgretain.vault_prepare IS
	'before the first row moves: the vault table and its partition for the purge day (in UTC) are there';

CREATE FUNCTION pgretain.vault_lock(p_partition regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	above	regclass := (SELECT i.inhparent FROM pg_inherits i JOIN pgretain.vault v ON v.vault = i.inhparent
		WHERE i.inhrelid = p_partition);
BEGIN
	IF above IS NULL THEN
		RAISE EXCEPTION '% is no partition of the vault', p_partition USING ERRCODE = 'wrong_object_type';
	END IF;
	EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', above);
	EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', p_partition);
END
$$;
COMMENT ON FUNCTION pgretain.vault_lock IS 'nobody reads or writes the partition until this transaction ends';

CREATE FUNCTION pgretain.vault_drop(p_partition regclass, p_before timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	all_rows	bigint;
	early		bigint;
BEGIN
	PERFORM pgretain.vault_lock(p_partition);
	EXECUTE format('SELECT count(*), count(*) FILTER (WHERE pgretain_purge_after > least($1, now())) FROM ONLY %s',
		p_partition) INTO all_rows, early USING p_before;
	IF early > 0 OR (all_rows = 0 AND (SELECT substring(pg_get_expr(c.relpartbound, c.oid), $x$TO \('([^']*)'\)$x$)
			FROM pg_class c WHERE c.oid = p_partition)::timestamptz > now()) THEN
		RAISE EXCEPTION 'partition % is not due yet', p_partition USING ERRCODE = 'object_in_use';
	END IF;
	EXECUTE format('DROP TABLE %s', p_partition);
	RETURN all_rows;
END
$$;
COMMENT ON FUNCTION pgretain.vault_drop IS
	'drops a partition whose rows are all past their purge date, and gives their number, counted under the lock';
