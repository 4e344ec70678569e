-- Tables and their columns: of the schemas $1, or (NULL) of every schema that is not the server's or
-- pgretain's own. Partitions are their table's.
SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS display, n.nspname,
	a.attname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
	AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgretain', 'pgretain_vault')
	AND ($1::text[] IS NULL OR n.nspname = ANY($1::text[]))
	-- an extension's own tables are not the users'
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
		WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY n.nspname, c.relname, a.attnum
