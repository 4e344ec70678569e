-- Enters a request: what it is, then whom it may mean (types, keys, theirs now), and by what they were named.
SELECT pgretain.request_open($1::jsonb, $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[])
