-- The set $1 is what was about to take its place; margin between clocks $2 ms. Runs and requests whose obligations ended
-- by that, runs whose did not.
SELECT x.runs, x.requests, x.unmet FROM pgretain.backup_finish($1::bigint, $2::bigint * interval '1 millisecond') AS x
