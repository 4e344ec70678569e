-- $1: requests that are to be executed again. Of whom, and when they were erased first.
SELECT r.id, s.subject_type, s.subject_key, r.executed_at::text
FROM pgretain.request AS r JOIN pgretain.request_subject AS s ON s.request = r.id AND s.settled
WHERE r.id = ANY($1::uuid[]) ORDER BY r.id
