-- What a plan relies on of each of the relations :oids, as one number: its name, columns, triggers (a foreign
-- key's own among them, on either side, with what they do), rewrite rules, row-level security and
-- parents; and its children as another. A partition's columns are its parent's.
SELECT c.oid, pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', c.relnamespace::regnamespace, c.relname, c.relkind,
	c.relrowsecurity, c.relforcerowsecurity,
	CASE WHEN NOT c.relispartition THEN (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname,
		a.atttypid, a.atttypmod, a.attcollation, a.attgenerated, a.attidentity), ',' ORDER BY a.attnum)
		FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) END,
	CASE WHEN c.relhastriggers THEN (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', t.oid, t.tgfoid, t.tgtype,
		t.tgenabled), ',' ORDER BY t.oid) FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid) END,
	CASE WHEN c.relhasrules THEN (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', r.oid, r.xmin, r.ev_enabled), ','
		ORDER BY r.oid) FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = c.oid) END,
	'in', (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', i.inhparent, i.xmin), ',' ORDER BY i.inhparent)
		FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)), 0) AS shape,
	CASE WHEN c.relhassubclass THEN (SELECT pg_catalog.hashtextextended(pg_catalog.string_agg(pg_catalog.concat_ws(' ',
		i.inhrelid, i.xmin), ',' ORDER BY i.inhrelid), 0)
		FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid) END AS children
FROM pg_catalog.pg_class AS c
WHERE c.oid = ANY(:oids)
