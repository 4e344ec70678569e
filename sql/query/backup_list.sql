-- The sets that are there, then those that went less than $1 ms ago, held something, and have no successor of their name: store, name, kind, stop, state,
-- requests, until, its reason, runs, kept, findings, trouble, gone_at, type, id.
SELECT b.store, b.name, b.kind, b.stopped_at::text, b.state, b.requests,
	CASE WHEN b.gone_at IS NULL THEN b.until END::text, s.until_why, b.open, s.kept,
	to_json(s.findings || CASE WHEN s.encrypted IS FALSE THEN '{"not encrypted"}' ELSE '{}' END::text[]), s.trouble, b.gone_at::text, s.type, b.id
FROM pgretain.backup_state AS b JOIN pgretain.backup_set AS s USING (id)
WHERE b.gone_at IS NULL OR b.ever > 0 AND b.gone_at > clock_timestamp() - $1::bigint * interval '1 millisecond'
	AND NOT EXISTS (SELECT FROM pgretain.backup_set AS x WHERE x.store = b.store AND x.name = b.name AND x.id > b.id)
ORDER BY b.gone_at IS NOT NULL, b.store COLLATE "C", b.kind = 'wal', b.stopped_at NULLS LAST, b.name COLLATE "C", b.id
