-- What the session's role may do with the relations $1. no_update: columns that it may not update.
SELECT c.oid, pg_catalog.quote_ident(current_user) AS role,
	pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS usage,
	pg_catalog.has_table_privilege(c.oid, 'SELECT') AS sel,
	pg_catalog.has_table_privilege(c.oid, 'DELETE') AS del,
	pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') AS upd,
	ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
	      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	      AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE') ORDER BY a.attnum)::text[] AS no_update,
	pg_catalog.row_security_active(c.oid) AS hidden,
	c.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AS forced,
	pg_catalog.quote_ident(n.nspname) AS schema
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = ANY($1::oid[])
ORDER BY c.oid
