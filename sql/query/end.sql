-- The instant at which one term ends: end(s, p) of a start s and a period p.
--   $1 the start, an instant; or NULL and
--   $2 the start, a local time ("2024-02-29 10:00:00"); or NULL and
--   $3 the start, a date     $4 the period     $5 the period is exact     $6 the class's zone
--   $7 the zone that zoneless columns are stored in
-- A date with an exact period runs from the end of its local day.
WITH asked AS (
	SELECT $4::interval AS period, $5::boolean AS exact, $6::text AS zone,
		CASE
		WHEN $1::timestamptz IS NOT NULL THEN $1::timestamptz
		WHEN $2::timestamp IS NOT NULL THEN $2::timestamp AT TIME ZONE $7::text
		WHEN $5::boolean THEN ($3::date + interval '1 day') AT TIME ZONE $7::text
		ELSE $3::date::timestamp AT TIME ZONE $7::text
		END AS start
)
SELECT CASE
	WHEN NOT isfinite(start) THEN start
	WHEN exact THEN start + period
	ELSE (date_trunc('day', (start AT TIME ZONE zone) + period) + interval '1 day') AT TIME ZONE zone
	END AS ending, start
FROM asked
