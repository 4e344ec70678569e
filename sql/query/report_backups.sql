-- Backups that are there, by store: sets, those that hold erased rows, of these isolated, all that are overdue, requests whose
-- rows they hold, until when (NULL: no end is known, or nothing is held), how the last listing went, sentences on isolation.
WITH there AS (
	SELECT b.store, b.id, b.open, b.state, b.until FROM pgretain.backup_state AS b WHERE b.gone_at IS NULL
), faults AS (
	SELECT s.store, f.text, count(*) AS n FROM pgretain.backup_set AS s
	CROSS JOIN LATERAL unnest(s.findings || CASE WHEN s.encrypted IS FALSE THEN '{not encrypted}' ELSE '{}' END::text[]) AS f (text)
	WHERE s.gone_at IS NULL GROUP BY s.store, f.text
), stores AS (
	SELECT t.store FROM there AS t UNION SELECT p.store FROM pgretain.backup_store AS p
)
SELECT x.store, count(t.id), count(*) FILTER (WHERE t.open > 0), count(*) FILTER (WHERE t.open > 0 AND t.state = 'isolated'),
	count(*) FILTER (WHERE t.state = 'overdue'),
	(SELECT count(DISTINCT r.request) FROM pgretain.obligation AS o JOIN there AS b ON b.id = o.set_id
		JOIN pgretain.request_run AS r ON r.run = o.run WHERE b.store = x.store AND o.cleared_at IS NULL),
	CASE WHEN bool_and(t.until IS NOT NULL) FILTER (WHERE t.open > 0) THEN rtrim(rtrim(to_char(
		max(t.until) FILTER (WHERE t.open > 0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' END,
	(SELECT p.trouble FROM pgretain.backup_store AS p WHERE p.store = x.store),
	(SELECT coalesce(json_agg(f.n || ' backup(s): ' || f.text ORDER BY f.text COLLATE "C"), '[]') FROM faults AS f
		WHERE f.store = x.store)
FROM stores AS x LEFT JOIN there AS t ON t.store = x.store
GROUP BY x.store ORDER BY x.store COLLATE "C"
