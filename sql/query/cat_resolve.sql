-- Which relations the configuration's table names mean. $1: names as written in SQL.
SELECT w.ord - 1 AS i, pg_catalog.to_regclass(w.name)::oid AS oid
FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS w(name, ord)
ORDER BY w.ord
