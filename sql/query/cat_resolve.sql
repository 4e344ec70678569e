-- Which relations the configuration's table names mean. $1: names as written in SQL, with their schemas.
-- Not by to_regclass, which raises an error for a schema that the role may not use.
SELECT w.ord - 1 AS i, coalesce((SELECT c.oid
	FROM pg_catalog.parse_ident(w.name) AS p(part)
	JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.part[1]
	JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.part[2]), 0::oid) AS oid
FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS w(name, ord)
ORDER BY w.ord
