-- What the frozen items of requests ($1, their fingerprints $2) were made with.
INSERT INTO pgretain.request_plan AS p (request, fingerprint, plan, config)
SELECT x.request, x.fingerprint, $3::text, $4::text FROM unnest($1::uuid[], $2::text[]) AS x(request, fingerprint)
ON CONFLICT (request) DO UPDATE SET (fingerprint, plan, config) = (excluded.fingerprint, excluded.plan, excluded.config)
