-- How a listing of store $1 (kind $2) went that began at $3: $4 it was good, with $5 sets and digest $6; else $7 says why not.
INSERT INTO pgretain.backup_store AS s (store, kind, listed_at, good_at, sets, digest, trouble)
VALUES ($1::text, $2::text, $3::timestamptz, CASE WHEN $4::boolean THEN $3::timestamptz END, $5::int, $6::text, $7::text)
ON CONFLICT (store) DO UPDATE SET kind = excluded.kind, listed_at = excluded.listed_at, trouble = excluded.trouble,
	good_at = coalesce(excluded.good_at, s.good_at),
	sets = CASE WHEN excluded.good_at IS NULL THEN s.sets ELSE excluded.sets END,
	digest = CASE WHEN excluded.good_at IS NULL THEN s.digest ELSE excluded.digest END
