-- $1: line of the log; $2: table; $3: its rows as a JSON array.
INSERT INTO pgretain.replay_row (line, tbl, row)
SELECT $1::bigint, $2::text, r FROM jsonb_array_elements($3::jsonb) AS r
