-- One request: kind, state, jurisdiction, received, deadline, fingerprint, wake_at, the ledger's head, state of the
-- deadline, restricted.
SELECT r.kind, r.state, r.jurisdiction, r.received_at::text, d.at::text, r.fingerprint, r.wake_at::text,
	'sha256:' || encode(h.hash, 'hex'),
	CASE WHEN coalesce(r.answered_at, r.finished_at, clock_timestamp()) > d.at THEN 'breached'
		WHEN r.extended_until IS NOT NULL THEN 'extended'
		WHEN r.answered_at IS NULL AND r.finished_at IS NULL
			AND clock_timestamp() >= r.received_at + (d.at - r.received_at) * 0.8 THEN 'at_risk'
		ELSE 'on_time' END,
	EXISTS (SELECT FROM pgretain.request_subject AS s JOIN pgretain.restricted AS x USING (subject_type, subject_key)
		WHERE s.request = r.id AND s.settled)
FROM pgretain.request AS r
CROSS JOIN LATERAL (SELECT coalesce(r.extended_until, r.respond_by) AS at) AS d
CROSS JOIN pgretain.ledger_head AS h
WHERE r.id = $1::uuid
