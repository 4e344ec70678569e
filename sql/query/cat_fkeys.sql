-- Foreign keys between the relations $1; those that PostgreSQL clones for partitions are left out.
SELECT f.conname, f.conrelid, f.confrelid, f.confdeltype, f.condeferrable, f.condeferred,
	ARRAY(SELECT a.attname FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY AS k(n, o)
	      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.o)::text[] AS child_columns,
	ARRAY(SELECT a.attname FROM pg_catalog.unnest(f.confkey) WITH ORDINALITY AS k(n, o)
	      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY k.o)::text[] AS parent_columns,
	EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
		WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
		AND (SELECT pg_catalog.array_agg(k ORDER BY k) FROM pg_catalog.unnest((i.indkey::int2[])[0:pg_catalog.cardinality(f.conkey) - 1]) AS k)
		    = (SELECT pg_catalog.array_agg(k ORDER BY k) FROM pg_catalog.unnest(f.conkey) AS k)) AS indexed,
	f.convalidated
FROM pg_catalog.pg_constraint AS f
WHERE f.contype = 'f' AND f.conparentid = 0 AND (f.conrelid = ANY($1::oid[]) OR f.confrelid = ANY($1::oid[]))
ORDER BY f.conrelid, f.conname
