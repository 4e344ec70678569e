-- Indexes of the relations $1; expression columns are NULL in `columns`, `touched` are all columns that
-- an index depends on (key, INCLUDE, expression, WHERE), `folded` those whose lower() or upper() is a key
-- column of its own, `included` those of INCLUDE.
SELECT i.indrelid, c.relname, i.indisunique, i.indisprimary, i.indisvalid, i.indpred IS NOT NULL AS partial,
	i.indexprs IS NOT NULL AS expressions, am.amname, i.indisexclusion,
	(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool IS TRUE AS nulls_not_distinct,
	ARRAY(SELECT a.attname FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k
	      LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0
	      ORDER BY k)::text[] AS columns,
	ARRAY(SELECT DISTINCT a.attname FROM pg_catalog.pg_attribute AS a
	      WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY(i.indkey::int2[]) OR EXISTS (
		SELECT 1 FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
		AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)))::text[] AS touched,
	pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
	ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
	      WHERE i.indexprs IS NOT NULL AND a.attrelid = i.indrelid AND a.attnum > 0 AND EXISTS (
		SELECT 1 FROM pg_catalog.generate_series(1, i.indnkeyatts) AS k WHERE i.indkey[k - 1] = 0
		AND pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid, k, true), '::text\)$', ')') IN
		('lower(' || pg_catalog.quote_ident(a.attname) || ')', 'upper(' || pg_catalog.quote_ident(a.attname) || ')')))::text[] AS folded,
	ARRAY(SELECT a.attname FROM pg_catalog.generate_series(i.indnkeyatts, i.indnatts - 1) AS k
	      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k])::text[] AS included
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
WHERE i.indrelid = ANY($1::oid[])
ORDER BY i.indrelid, i.indisprimary DESC, c.relname
