-- What is not as it should be with backups that are there: store, finding, how many sets have it, one of them. "Not encrypted"
-- alone is no fault where nobody but the owner comes to it.
SELECT s.store, f.text, count(*), min(s.name COLLATE "C")
FROM pgretain.backup_set AS s
CROSS JOIN LATERAL unnest(s.findings || CASE WHEN s.encrypted IS FALSE AND NOT s.closed THEN '{not encrypted}' ELSE '{}' END::text[])
	AS f (text)
WHERE s.gone_at IS NULL
GROUP BY s.store, f.text ORDER BY s.store COLLATE "C", f.text COLLATE "C"
