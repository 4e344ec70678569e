-- The named relations ($1) and all that a rule on them touches: partitions, inheritance children and
-- parents, tables that refer to them, tables that they refer to.
WITH RECURSIVE reach(oid, down) AS (
	SELECT o, true FROM pg_catalog.unnest($1::oid[]) AS o
	UNION
	SELECT x.oid, x.down
	FROM reach AS r CROSS JOIN LATERAL (
		SELECT i.inhrelid, r.down FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = r.oid
		UNION ALL
		SELECT f.conrelid, true FROM pg_catalog.pg_constraint AS f
		WHERE f.contype = 'f' AND f.confrelid = r.oid AND f.conparentid = 0 AND r.down
		UNION ALL
		SELECT f.confrelid, false FROM pg_catalog.pg_constraint AS f
		WHERE f.contype = 'f' AND f.conrelid = r.oid AND f.conparentid = 0 AND r.down
	) AS x(oid, down)
)
SELECT c.oid, n.nspname, c.relname,
	pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS display,
	c.relkind, c.relpersistence, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
	c.relreplident, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
	c.reltuples::int8, pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 AS pages,
	coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast_bytes,
	ARRAY(SELECT i.inhparent FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno)::text[] AS parents,
	CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS bound,
	(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_partitioned_table AS p
	 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
	 WHERE p.partrelid = c.oid AND p.partstrat = 'r') AS range_key,
	coalesce(pg_catalog.pg_has_role(c.relowner, 'USAGE'), false) AS is_owner,
	EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables AS pt
		WHERE pt.schemaname = n.nspname AND pt.tablename = c.relname) AS published
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid IN (SELECT r.oid FROM reach AS r)
ORDER BY n.nspname, c.relname
