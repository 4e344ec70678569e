-- One listed set: what its tool tells now, and what was read of it ($24: read when it was new; what was known stays).
INSERT INTO pgretain.backup_set AS s (store, name, identity, kind, type, path, system_identifier, timeline, start_lsn,
	stop_lsn, started_at, stopped_at, ledger_seq, depends_on, kept, encrypted, closed, annotations, size, until,
	until_why, findings, trouble)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::bigint, $9::pg_lsn, $10::pg_lsn,
	$11::timestamptz, $12::timestamptz, $13::bigint, $14::text[], $15::boolean, $16::boolean, $17::boolean, $18::jsonb,
	$19::bigint, $20::timestamptz, $21::text, $22::text[], $23::text)
ON CONFLICT (store, name, identity) DO UPDATE SET
	kind = excluded.kind, path = excluded.path,
	type = CASE WHEN $24::boolean THEN s.type ELSE excluded.type END,
	system_identifier = CASE WHEN $24::boolean THEN s.system_identifier ELSE excluded.system_identifier END,
	timeline = CASE WHEN $24::boolean THEN s.timeline ELSE excluded.timeline END,
	start_lsn = CASE WHEN $24::boolean THEN s.start_lsn ELSE excluded.start_lsn END,
	stop_lsn = CASE WHEN $24::boolean THEN s.stop_lsn ELSE excluded.stop_lsn END,
	started_at = CASE WHEN $24::boolean THEN s.started_at ELSE excluded.started_at END,
	stopped_at = excluded.stopped_at,
	ledger_seq = CASE WHEN $24::boolean THEN s.ledger_seq ELSE excluded.ledger_seq END,
	depends_on = excluded.depends_on, kept = excluded.kept,
	encrypted = CASE WHEN $24::boolean THEN s.encrypted ELSE excluded.encrypted END,
	closed = excluded.closed, annotations = excluded.annotations, size = excluded.size, until = excluded.until,
	until_why = excluded.until_why, findings = excluded.findings,
	trouble = CASE WHEN $24::boolean THEN s.trouble ELSE excluded.trouble END,
	last_seen = clock_timestamp(), gone_at = NULL,
	judged_seq = CASE WHEN s.gone_at IS NULL THEN s.judged_seq ELSE 0 END
RETURNING s.id, s.first_seen = s.last_seen AS new
