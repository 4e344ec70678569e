-- The notices of request $1.
SELECT n.id, n.recipient, n.state, n.known_by, n.complete, n.attempts, n.created_at::text, n.tried_at::text,
	CASE WHEN n.state = 'waiting' THEN n.next_at::text END, n.exit_status, n.reason, encode(n.answer, 'hex'), n.delivered_at::text,
	n.evidence, n.rows
FROM pgretain.notice AS n WHERE n.request = $1::uuid ORDER BY n.created_at, n.recipient, n.id
