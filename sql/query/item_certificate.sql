-- When a request took its steps, and what its items were made with.
SELECT r.opened_at::text, r.verified_at::text, r.assessed_at::text, r.approved_at::text, r.executed_at::text,
	r.finished_at::text, p.plan, p.config, r.approved_fingerprint
FROM pgretain.request AS r LEFT JOIN pgretain.request_plan AS p ON p.request = r.id WHERE r.id = $1::uuid
