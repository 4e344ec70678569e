-- rule, definition, fingerprint, actor.
SELECT pgretain.confirm($1::text, $2::text, $3::text, $4::text)
