-- $1: a set. Everything that is known of it.
SELECT s.store, s.name, s.kind, s.type, b.state, s.path, s.size, s.system_identifier, s.timeline, s.start_lsn::text,
	s.stop_lsn::text, s.started_at::text, s.stopped_at::text, s.ledger_seq, s.clean_seq, to_json(s.depends_on), s.kept,
	s.encrypted, s.closed, s.annotations, CASE WHEN s.gone_at IS NULL THEN s.until END::text, s.until_why,
	to_json(s.findings || CASE WHEN s.encrypted IS FALSE THEN '{"not encrypted"}' ELSE '{}' END::text[]),
	s.trouble, s.first_seen::text, s.last_seen::text, s.gone_at::text, b.requests, s.rewritten_at::text, pgretain.backup_residue(s)
FROM pgretain.backup_set AS s JOIN pgretain.backup_state AS b USING (id) WHERE s.id = $1::bigint
