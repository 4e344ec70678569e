-- Keeps what a search found: request, tables, found, others, places.
INSERT INTO pgretain.request_residual AS r (request, tables, found, others, places)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4::bigint, $5::jsonb)
ON CONFLICT (request) DO UPDATE SET (scanned_at, tables, found, others, places) =
	(clock_timestamp(), excluded.tables, excluded.found, excluded.others, excluded.places)
