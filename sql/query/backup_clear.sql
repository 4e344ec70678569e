-- Ends obligations of the sets $1, how $2, with evidence $3: all, or ($4) those whose erasure is contained by now, with a
-- margin of $5 ms between clocks. Set, runs, requests.
SELECT x.set_id, x.runs, x.requests
FROM pgretain.backup_clear($1::bigint[], $2::text, $3::jsonb, $4::boolean, $5::bigint * interval '1 millisecond') AS x
