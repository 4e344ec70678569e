-- Partitions of vault table $1: oid, as in SQL, the purge dates it takes, whether its day is over.
SELECT p.oid, p.display, p.lo, p.hi, p.hi::timestamptz <= pg_catalog.now()
FROM (
	SELECT c.oid, c.oid::regclass::text AS display,
		pg_catalog.substring(b.bound, 'FROM \(''([^'']*)''\)') AS lo,
		pg_catalog.substring(b.bound, 'TO \(''([^'']*)''\)') AS hi
	FROM pg_catalog.pg_inherits AS i
	JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
	CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
	WHERE i.inhparent = $1::oid
) AS p
WHERE p.lo IS NOT NULL AND p.hi IS NOT NULL
ORDER BY p.lo::timestamptz
