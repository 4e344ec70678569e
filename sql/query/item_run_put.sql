-- A run works on these requests.
INSERT INTO pgretain.request_run (request, run) SELECT r, $2::uuid FROM pg_catalog.unnest($1::uuid[]) AS r ON CONFLICT DO NOTHING
