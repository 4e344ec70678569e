-- Columns of the relations $1 whose values stand in pg_statistic; off: ANALYZE passes them over; empty: the
-- table was empty when it was last analyzed.
SELECT a.attrelid, a.attname,
	coalesce(nullif(a.attstattarget, -1), pg_catalog.current_setting('default_statistics_target')::int) = 0 AS off,
	c.reltuples = 0 AS empty
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
AND EXISTS (SELECT 1 FROM pg_catalog.pg_stats AS s
	WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
	AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL OR s.most_common_elems IS NOT NULL))
ORDER BY a.attrelid, a.attnum
