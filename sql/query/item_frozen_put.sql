-- Freezes one value, sealed.
INSERT INTO pgretain.request_frozen (request, n, kind, name, since, until, sealed, sole)
VALUES ($1::uuid, $2::int, $3::text, $4::text, $5::timestamptz, $6::timestamptz, pg_catalog.decode($7::text, 'hex'), $8::boolean)
