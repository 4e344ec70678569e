-- Tables that may hold a copy, with the columns that can be searched: every schema with a ruled table ($1), exempt
-- tables and materialized views included. json: its fields can be named. What pgretain_runner lacks to read it.
SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation,
	pg_catalog.quote_ident(a.attname) AS column, b.typname IN ('json', 'jsonb') AS json,
	n.nspname, c.relname, NOT has_schema_privilege('pgretain_runner', n.oid, 'USAGE') AS no_usage,
	CASE WHEN NOT has_table_privilege('pgretain_runner', c.oid, 'SELECT') THEN 'SELECT' END AS missing
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type AS b ON b.oid = coalesce(nullif(t.typbasetype, 0::oid), t.oid)
LEFT JOIN pg_catalog.pg_type AS e ON e.oid = b.typelem AND b.typcategory = 'A'
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)
	AND n.nspname = ANY($1::text[])
	AND (b.typcategory = 'S' OR b.typname IN ('json', 'jsonb', 'xml', 'hstore') OR e.typcategory = 'S')
ORDER BY c.oid, a.attnum
