-- What was frozen of these requests' people.
SELECT f.request, f.kind, f.name, f.since::text, f.until::text, pg_catalog.encode(f.sealed, 'hex') AS sealed,
	s.subject_type, s.subject_key, f.sole
FROM pgretain.request_frozen AS f JOIN pgretain.request_subject AS s ON s.request = f.request AND s.settled
WHERE f.request = ANY($1::uuid[]) ORDER BY f.request, f.n
