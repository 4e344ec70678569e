-- Whom request $1 may mean.
SELECT s.subject_type, s.subject_key, s.settled, s.here FROM pgretain.request_person AS s
WHERE s.request = $1::uuid ORDER BY s.subject_type, s.subject_key
