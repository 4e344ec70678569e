-- Materialized views over the relations $1, directly or through other views.
WITH RECURSIVE above(base, oid, depth) AS (
	SELECT d.refobjid, r.ev_class, 1
	FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
	WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
	AND d.refobjid = ANY($1::oid[]) AND r.ev_class <> d.refobjid
	UNION
	SELECT a.base, r.ev_class, a.depth + 1
	FROM above AS a
	JOIN pg_catalog.pg_depend AS d ON d.refobjid = a.oid AND d.refclassid = 'pg_class'::regclass
	JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
	WHERE d.classid = 'pg_rewrite'::regclass AND r.ev_class <> d.refobjid AND a.depth < 50
)
SELECT a.base, c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS display,
	min(a.depth) = 1 AS direct, n.nspname || '.' || c.relname AS plain, c.relname AS name
FROM above AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.oid AND c.relkind = 'm'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
GROUP BY a.base, c.oid, n.nspname, c.relname
ORDER BY display, a.base
