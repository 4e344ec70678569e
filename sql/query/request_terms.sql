-- What an extension of request $1 needs to know.
SELECT r.jurisdiction, r.received_at::text FROM pgretain.request AS r WHERE r.id = $1::uuid
