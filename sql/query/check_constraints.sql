-- CHECK constraints of the relations $1. own: not inherited from a parent. columns: those that the
-- expression names; NULL: all of the row.
SELECT c.conrelid, c.conname, pg_catalog.pg_get_expr(c.conbin, c.conrelid) AS expression, c.coninhcount = 0 AS own,
	CASE WHEN 0 = ANY(c.conkey) OR pg_catalog.cardinality(c.conkey) = 0 THEN NULL
	     ELSE ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
	                WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) ORDER BY a.attnum)::text[] END AS columns
FROM pg_catalog.pg_constraint AS c
WHERE c.contype = 'c' AND c.conrelid = ANY($1::oid[])
ORDER BY c.conrelid, c.conname
