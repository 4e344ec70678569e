-- Why request $1, or a part of it, was refused.
SELECT g.rule, g.code, g.evidence, g.approver, g.decided_at::text, g.review_at::text, g.scope
FROM pgretain.request_ground AS g WHERE g.request = $1::uuid ORDER BY g.id
