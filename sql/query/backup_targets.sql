-- Archives and other sets that are there: id, store, name, kind, path, identity, runs whose rows it still holds, and was
-- nothing erased, no rule changed ($1: digest of all) and no hold placed or lifted ($2: epoch) since it was last looked through?
SELECT s.id, s.store, s.name, s.kind, s.path, s.identity, b.open,
	coalesce(s.rewritten ->> 'rules_digest' = $1::text AND (s.rewritten ->> 'epoch')::bigint = $2::bigint
		AND (s.rewritten ->> 'judged_seq')::bigint >= (SELECT max(e.last_seq) FROM pgretain.obligation AS o
			JOIN pgretain.erasure AS e USING (run) WHERE o.set_id = s.id AND o.cleared_at IS NULL), false)
FROM pgretain.backup_set AS s JOIN pgretain.backup_state AS b USING (id)
WHERE s.gone_at IS NULL
ORDER BY s.store COLLATE "C", s.kind = 'wal', s.stopped_at NULLS LAST, s.name COLLATE "C", s.id
