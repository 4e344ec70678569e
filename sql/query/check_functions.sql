-- Functions and procedures whose text can be read: a trigger may call them.
SELECT p.oid, n.nspname, p.proname, l.lanname,
	CASE WHEN p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END AS body
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p') AND l.lanname NOT IN ('internal', 'c')
AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgretain')
ORDER BY p.oid
