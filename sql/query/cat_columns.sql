-- Columns of the relations $1, with domains resolved to their base types.
WITH RECURSIVE base(typ, oid, typmod, must) AS (
	SELECT t.oid, t.oid, -1, t.typnotnull FROM pg_catalog.pg_type AS t
	WHERE t.oid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = ANY($1::oid[]))
	UNION ALL
	SELECT b.typ, t.typbasetype, t.typtypmod, b.must OR t.typnotnull
	FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.oid WHERE t.typtype = 'd'
)
SELECT a.attrelid, a.attname, a.attnum, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
	bt.typname AS base, bt.typcategory, t.typtype, bt.typtype AS basetyptype,
	CASE WHEN bt.typname IN ('varchar', 'bpchar')
	     THEN nullif(coalesce(nullif(a.atttypmod, -1), b.typmod), -1) - 4 END AS length,
	a.attnotnull OR b.must AS not_null, a.attidentity, a.attgenerated,
	pg_catalog.format_type(bt.oid, coalesce(nullif(a.atttypmod, -1), b.typmod)) AS base_type,
	coalesce(s.n_distinct, 0) AS n_distinct, coalesce(s.correlation, 0) AS correlation,
	CASE WHEN a.attcollation <> 0 THEN (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(co.collname)
		FROM pg_catalog.pg_collation AS co JOIN pg_catalog.pg_namespace AS n ON n.oid = co.collnamespace
		WHERE co.oid = a.attcollation) END AS collation
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
JOIN base AS b ON b.typ = a.atttypid
JOIN pg_catalog.pg_type AS bt ON bt.oid = b.oid AND bt.typtype <> 'd'
-- OFFSET 0: the view would be read as a whole, for each column, if it were joined
LEFT JOIN LATERAL (SELECT v.n_distinct, v.correlation FROM pg_catalog.pg_stats AS v
	WHERE v.schemaname = n.nspname AND v.tablename = c.relname AND v.attname = a.attname
	AND v.inherited = (c.relkind = 'p') OFFSET 0) AS s ON true
WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
