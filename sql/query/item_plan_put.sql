-- What the frozen items of a request were made with.
INSERT INTO pgretain.request_plan AS p (request, fingerprint, plan, config) VALUES ($1::uuid, $2::text, $3::text, $4::text)
ON CONFLICT (request) DO UPDATE SET (fingerprint, plan, config) = (excluded.fingerprint, excluded.plan, excluded.config)
