-- Keeps what a search found, given as an array of JSON objects.
INSERT INTO pgretain.request_residual AS r (request, tables, found, others, places)
SELECT x.request, x.tables, x.found, x.others, x.places
FROM jsonb_to_recordset($1::jsonb) AS x(request uuid, tables bigint, found bigint, others bigint, places jsonb)
ON CONFLICT (request) DO UPDATE SET (scanned_at, tables, found, others, places) =
	(clock_timestamp(), excluded.tables, excluded.found, excluded.others, excluded.places)
