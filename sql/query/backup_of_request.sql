-- $1: a request. The backups that hold, or held, its erased rows: set, kind, state, until, why.
SELECT b.store || '/' || b.name, b.kind,
	CASE WHEN bool_and(o.cleared_at IS NOT NULL) THEN 'cleared' WHEN b.state IN ('cleared', 'clean') THEN 'holds' ELSE b.state END,
	CASE WHEN NOT bool_and(o.cleared_at IS NOT NULL) THEN b.until END::text,
	CASE WHEN bool_and(o.cleared_at IS NOT NULL) THEN string_agg(DISTINCT o.how, ', ') ELSE s.until_why END,
	max(o.cleared_at)::text
FROM pgretain.request_run AS q
JOIN pgretain.obligation AS o ON o.run = q.run
JOIN pgretain.backup_state AS b ON b.id = o.set_id
JOIN pgretain.backup_set AS s ON s.id = o.set_id
WHERE q.request = $1::uuid
GROUP BY b.id, b.store, b.name, b.kind, b.state, b.until, s.until_why
ORDER BY 1, b.id
