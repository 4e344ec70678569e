-- Places the digests of requests, given as an array of JSON objects: request, rows; $2: the actor.
SELECT pgretain.suppression_put((x.o->>'request')::uuid, x.o->'rows', $2::text)
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS x(o, n) ORDER BY x.n
