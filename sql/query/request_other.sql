-- An open request of kind $2 for the person $3, $4, whose identity is verified, beside $1.
SELECT r.id FROM pgretain.request AS r
WHERE r.id = pgretain.request_other($1::uuid, $2::text, $3::text, $4::text) AND r.verified_at IS NOT NULL
