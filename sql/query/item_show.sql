-- One request: kind, state, jurisdiction, received, deadline, fingerprint, wake_at, the ledger's head, state of the
-- deadline, restricted, until when the receipt must be confirmed and when it was, why it takes longer.
SELECT r.kind, r.state, r.jurisdiction, r.received_at::text, pgretain.request_deadline(r)::text, r.fingerprint, r.wake_at::text,
	'sha256:' || encode(h.hash, 'hex'),
	pgretain.request_deadline_state(r, clock_timestamp()),
	pgretain.request_restricted(r.id), r.acknowledge_by::text, r.acknowledged_at::text, r.extension_reason
FROM pgretain.request AS r
CROSS JOIN pgretain.ledger_head AS h
WHERE r.id = $1::uuid
