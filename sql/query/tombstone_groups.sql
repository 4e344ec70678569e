-- What was remembered, by what happened to it: each line is rows of one table with keys of the same columns.
SELECT t.rule, t.source_schema, t.source_table, t.action, t.columns, t.key_columns, encode(t.made_with, 'hex') AS made_with,
	t.key IS NOT NULL AS named
FROM pgretain.tombstone AS t GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 2, 3, 1, 4, 5, 6, 7, 8
