-- The last search of a request.
SELECT r.scanned_at::text, r.tables, r.found, r.others, r.places::text FROM pgretain.request_residual AS r WHERE r.request = $1::uuid
