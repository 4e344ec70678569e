-- What is in schema pgretain_vault beside partitions: oid, name, source now (NULL: gone, or no table of
-- pgretain's), as in SQL, whole rows, rules, and its columns where source and vault still fit (else NULL).
SELECT c.oid, c.relname, s.source, coalesce(pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(s.relname),
		s.source_name) AS display,
	coalesce(s.whole, false) AS whole,
	ARRAY(SELECT r.rule FROM pgretain.vault_rule AS r WHERE r.vault = c.oid ORDER BY r.rule COLLATE "C") AS rules,
	(SELECT CASE WHEN pg_catalog.bool_and(coalesce(m.same AND m.name = m.source_column, false))
		THEN pg_catalog.array_agg(m.name ORDER BY m.place) END
	 FROM pgretain.vault_map AS m WHERE m.vault = c.oid) AS fits,
	s.nspname, s.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'pgretain_vault'
LEFT JOIN pgretain.vault_source AS s ON s.vault = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'S', 'c') AND NOT c.relispartition
ORDER BY c.relname COLLATE "C"
