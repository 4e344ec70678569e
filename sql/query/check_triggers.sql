-- Enabled triggers and rewrite rules of the relations $1 that act on UPDATE or DELETE, with what tells
-- what they do. Copies that PostgreSQL makes of a trigger for partitions are left out.
SELECT t.tgrelid, t.tgname, 'trigger' AS kind, (t.tgtype & 2) <> 0 AS before_event, (t.tgtype & 1) <> 0 AS each_row,
	(t.tgtype & 8) <> 0 AS on_delete, (t.tgtype & 16) <> 0 AS on_update, false AS instead,
	t.tgqual IS NOT NULL AS guarded,
	pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS function, p.oid AS function_oid,
	n.nspname AS schema, l.lanname AS language,
	CASE WHEN p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END AS body,
	coalesce(pg_catalog.string_to_array(pg_catalog.encode(t.tgargs, 'escape'), '\000'), '{}')::text[] AS args,
	ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
	      WHERE a.attrelid = t.tgrelid AND a.attnum = ANY(t.tgattr::int2[]) ORDER BY a.attnum)::text[] AS columns
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE t.tgrelid = ANY($1::oid[]) AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A')
AND (t.tgtype & 24) <> 0
UNION ALL
SELECT r.ev_class, r.rulename, 'rule', false, false, r.ev_type = '4', r.ev_type = '2', r.is_instead,
	r.ev_qual::text <> '<>', '', 0, '', 'sql', pg_catalog.pg_get_ruledef(r.oid), '{}', '{}'
FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = ANY($1::oid[]) AND r.ev_type IN ('2', '4') AND r.ev_enabled IN ('O', 'A')
ORDER BY 1, 2
