-- Tombstones of one entry: its number $1, run $2, request $3 or NULL, rule $4 or NULL, action $5, the key's columns $6; $7: an
-- array, made with the key of mark $8, of { r: relation, m: mark, c: columns as text[], k: key, d: digest as hex }. A partition's rows are its root's.
INSERT INTO pgretain.tombstone (seq, entry, run, request, rule, source_schema, source_table, action, columns, key_columns, key,
	key_digest, made_with, mark)
SELECT l.seq, l.hash, $2::uuid, $3::uuid, $4::text, n.nspname, c.relname, $5::text, x.c::text[], $6::text[], x.k, decode(x.d, 'hex'),
	CASE WHEN x.d IS NOT NULL THEN decode($8, 'hex') END, x.m
FROM pgretain.ledger AS l
CROSS JOIN jsonb_to_recordset($7::jsonb) AS x (r oid, m timestamptz, c text, k text[], d text)
JOIN pg_class AS c ON c.oid = coalesce(pg_partition_root(x.r), x.r)
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE l.seq = $1::bigint
