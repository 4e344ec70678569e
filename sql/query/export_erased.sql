-- An erasure of the same person that has begun. $1: the request.
SELECT r.id
FROM pgretain.request_subject s
JOIN pgretain.request_subject o ON o.subject_type = s.subject_type AND o.subject_key = s.subject_key AND o.settled
JOIN pgretain.request r ON r.id = o.request AND r.kind = 'erasure' AND r.executed_at IS NOT NULL
WHERE s.request = $1::uuid AND s.settled
ORDER BY r.executed_at DESC LIMIT 1
