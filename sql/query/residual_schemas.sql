-- Schemas of the tables $1, written as in SQL.
SELECT coalesce(array_agg(DISTINCT p.part[1]), '{}')::text
FROM pg_catalog.unnest($1::text[]) AS w(name) CROSS JOIN LATERAL pg_catalog.parse_ident(w.name) AS p(part)
WHERE array_length(p.part, 1) = 2
