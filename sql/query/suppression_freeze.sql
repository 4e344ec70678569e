-- Freezes an identifier that was found again: request $1, name $2, validity $3 to $4, sealed value $5.
INSERT INTO pgretain.request_frozen (request, n, kind, name, since, until, sealed)
SELECT $1::uuid, coalesce(max(f.n), 0) + 1, 'identifier', $2::text, $3::timestamptz, $4::timestamptz, pg_catalog.decode($5::text, 'hex')
FROM pgretain.request_frozen AS f WHERE f.request = $1::uuid
