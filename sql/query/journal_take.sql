-- Changes that are not in the log outside yet, the oldest first; $1: how many.
SELECT j.id, j.tbl, j.rows::text FROM pgretain.journal_take($1::int) AS j ORDER BY j.id
