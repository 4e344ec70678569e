-- Freezes values, sealed, given as an array of JSON objects.
INSERT INTO pgretain.request_frozen (request, n, kind, name, since, until, sealed, sole)
SELECT x.request, x.n, x.kind, x.name, x.since, x.until, pg_catalog.decode(x.sealed, 'hex'), x.sole
FROM jsonb_to_recordset($1::jsonb)
	AS x(request uuid, n int, kind text, name text, since timestamptz, until timestamptz, sealed text, sole boolean)
