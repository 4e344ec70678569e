-- Rows that runs of request $1 moved into the vault by rule $2 and that are not purged yet; the first and the last purge.
SELECT coalesce(sum(v.rows), 0)::bigint, min(v.purge_after)::text, max(v.purge_after)::text
FROM pgretain.request_vaulted($1::uuid, $2::text) AS v
