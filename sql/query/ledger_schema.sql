-- No row: no schema. What is there, and whether this role may look.
SELECT m.oid IS NOT NULL AS made,
	has_schema_privilege(n.oid, 'USAGE')
		AND coalesce(has_table_privilege(m.oid, 'SELECT'), true) AS readable
FROM pg_namespace n
LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'migration'
WHERE n.nspname = 'pgretain'
