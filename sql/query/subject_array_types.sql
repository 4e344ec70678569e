-- Oids of the array types of $1, types as format_type() writes them.
SELECT coalesce(pg_catalog.to_regtype(t.name || '[]')::oid, 0::oid)
FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS t(name, ord) ORDER BY t.ord
