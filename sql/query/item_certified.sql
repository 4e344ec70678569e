-- A certificate was handed out: request, digest, how it stands, what was seen of it, actor. False: it has moved on since.
SELECT pgretain.request_certified($1::uuid, $2::text, $3::text, $4::text, $5::text)
