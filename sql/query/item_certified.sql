-- A certificate was handed out: request, digest, final, actor.
SELECT pgretain.request_certified($1::uuid, $2::text, $3::boolean, $4::text)
