-- What clerks and approvers lack to find a person in table $1 (as written in SQL) by its columns $2.
SELECT r.name AS role, n.nspname, c.relname, NOT has_schema_privilege(r.name, n.oid, 'USAGE') AS no_usage,
	string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
		FILTER (WHERE NOT has_column_privilege(r.name, c.oid, a.attnum, 'SELECT')) AS missing
FROM (VALUES ('pgretain_approver'::name), ('pgretain_clerk')) AS r (name)
CROSS JOIN pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = ANY($2::text[]) AND NOT a.attisdropped
WHERE c.oid = to_regclass($1::text)
GROUP BY r.name, n.nspname, n.oid, c.relname, c.oid
ORDER BY r.name
