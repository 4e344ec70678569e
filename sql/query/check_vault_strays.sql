-- What is wrong with the vault: name, what (stray, detached, undated, default, readable, published, overdue).
WITH relation AS (
	SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relispartition, c.relacl, c.relowner,
		v.vault IS NOT NULL AS known,
		EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS i JOIN pgretain.vault AS p ON p.vault = i.inhparent
			WHERE i.inhrelid = c.oid) AS part,
		pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
	FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	LEFT JOIN pgretain.vault AS v ON v.vault = c.oid
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname = 'pgretain_vault' OR v.vault IS NOT NULL
		OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS i JOIN pgretain.vault AS p ON p.vault = i.inhparent
			WHERE i.inhrelid = c.oid))
)
SELECT r.name, f.what
FROM relation AS r
CROSS JOIN LATERAL (
	SELECT 'stray' AS what WHERE NOT r.known AND NOT r.part
	UNION ALL
	SELECT 'undated' WHERE r.known AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a
		WHERE a.attrelid = r.oid AND a.attname = 'pgretain_purge_after' AND a.attnotnull)
	UNION ALL
	SELECT 'default' WHERE r.part AND r.bound = 'DEFAULT'
	UNION ALL
	SELECT 'readable' WHERE EXISTS (SELECT 1 FROM pg_catalog.aclexplode(r.relacl) AS a
		WHERE a.grantee <> r.relowner AND NOT (r.known AND a.grantee = (SELECT o.oid FROM pg_catalog.pg_roles AS o
			WHERE o.rolname = 'pgretain_runner')))
	UNION ALL
	SELECT 'published' WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables AS p
		WHERE pg_catalog.format('%I.%I', p.schemaname, p.tablename)::regclass = r.oid)
	UNION ALL
	SELECT 'overdue' WHERE r.part AND r.bound <> 'DEFAULT' AND pg_catalog.substring(r.bound,
		'TO \(''([^'']*)''\)')::timestamptz < pg_catalog.now() - interval '3 days'
) AS f
ORDER BY r.name COLLATE "C", f.what
