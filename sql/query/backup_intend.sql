-- The set $1 is about to be what $2 (identity) names, of which $3 (JSON) was proved.
INSERT INTO pgretain.backup_rewriting AS r (set_id, identity, proof) VALUES ($1::bigint, $2::text, $3::jsonb)
ON CONFLICT (set_id) DO UPDATE SET identity = excluded.identity, proof = excluded.proof, at = clock_timestamp()
