-- What the session's role lacks of what a run needs in schemas pgretain and pgretain_vault; no row where
-- there is no schema.
SELECT what, pg_catalog.quote_ident(current_user) AS role
FROM (
	SELECT 1 AS ord, 'USAGE on schema pgretain' AS what FROM pg_catalog.pg_namespace AS n
	WHERE n.nspname = 'pgretain' AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
	UNION ALL
	SELECT 2, 'EXECUTE on function pgretain.' || p.proname
	FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
	WHERE n.nspname = 'pgretain' AND p.proname IN ('append', 'head_kept', 'rule_text_put', 'confirm', 'hold_lock_shared')
	AND NOT pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
	UNION ALL
	SELECT 3, 'CREATE on schema pgretain_vault' FROM pg_catalog.pg_namespace AS n
	WHERE n.nspname = 'pgretain_vault' AND $1::bool
	AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE, CREATE')
) AS missing
ORDER BY ord, what
