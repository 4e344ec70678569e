-- Where identifiers stand: table $1 as written in SQL, its column $2 with the subject's key.
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation,
	pg_catalog.quote_ident(a.attname) AS key, pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0::oid), t.oid), NULL) AS type
FROM pg_catalog.parse_ident($1::text) AS p(part)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.part[1]
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.part[2]
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = $2::name AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
