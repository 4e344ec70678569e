-- How many entries of run $1 are of kind $2, by rule $3, with this very detail ($4)?
SELECT count(*) FROM pgretain.ledger AS l
WHERE l.run = $1::uuid AND l.kind = $2::text AND l.rule IS NOT DISTINCT FROM $3::text AND l.detail = $4::text
