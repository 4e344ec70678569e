-- The constant of one comparison, for every kind of column: the least value that has NOT passed.
--   $1 what: period | until | now | plausible | far      $2 as_of      $3 the period
--   $4 the period is exact (hours and minutes)           $5 the class's zone
--   $6 the zone that zoneless columns are stored in      $7 plausible_from
-- Nothing here depends on the session's TimeZone: days and months are added to local time only.
WITH asked AS (
	SELECT $1::text AS what, $2::timestamptz AS as_of, $3::interval AS period, $4::boolean AS exact,
		$5::text AS zone, $6::text AS stored, $7::date AS plausible_from
), last_day AS (
	-- the last local day d of a start whose end, the day after d + period, has come
	SELECT max(d) AS d
	FROM asked, LATERAL (
		SELECT ((as_of AT TIME ZONE zone)::date - period)::date + n AS d
		FROM generate_series(-8, 8) AS n) AS near
	WHERE what = 'period' AND NOT exact
		AND ((date_trunc('day', d::timestamp + period) + interval '1 day') AT TIME ZONE zone) <= as_of
), first_day AS (
	SELECT CASE WHEN what = 'plausible' THEN plausible_from ELSE d + 1 END AS day
	FROM asked, last_day
), midnight AS (
	-- 00:00 of that day, and the same by the offset of the day before: where clocks go back over
	-- midnight it comes twice, and the day begins with the first
	SELECT day::timestamp AT TIME ZONE zone AS usual,
		(day::timestamp - (before AT TIME ZONE zone - before AT TIME ZONE 'UTC'))
			AT TIME ZONE 'UTC' AS earlier
	FROM first_day, asked, LATERAL (
		SELECT (day::timestamp AT TIME ZONE zone) - interval '24 hours' AS before) AS b
), instant AS (
	SELECT CASE
		WHEN what IN ('until', 'now') THEN as_of + interval '1 microsecond'
		WHEN what = 'far' THEN
			(as_of AT TIME ZONE 'UTC' + interval '100 years') AT TIME ZONE 'UTC'
				+ interval '1 microsecond'
		WHEN what = 'period' AND exact THEN as_of - period + interval '1 microsecond'
		ELSE least(usual,
			CASE WHEN (earlier AT TIME ZONE zone)::date >= day THEN earlier END)
		END AS c
	FROM asked, first_day, midnight
), back AS (
	-- how many minutes of local time before c can stand for an instant after it: none where the
	-- clock is not changed within a day (a zone once left out a whole one)
	SELECT CASE WHEN count(DISTINCT at AT TIME ZONE stored - at AT TIME ZONE 'UTC') = 1 THEN 0 ELSE 1560 END AS most
	FROM asked, instant, unnest(ARRAY[c - interval '27 hours', c, c + interval '27 hours']) AS at
), minute AS (
	-- Zoneless: the least local time that stands for c or later, ...
	SELECT min(t) AS t
	FROM asked, instant, back, generate_series(0, back.most) AS n, LATERAL (VALUES
		((c AT TIME ZONE stored) - n * interval '1 minute'),
		(date_trunc('minute', c AT TIME ZONE stored) - n * interval '1 minute')) AS v(t)
	WHERE t AT TIME ZONE stored >= c
), zoneless AS (
	-- ... and then the seconds within the minute: old offsets have seconds
	SELECT min(v.t) AS t
	FROM asked, instant, minute, generate_series(0, 60) AS n, LATERAL (VALUES
		(minute.t - n * interval '1 second'),
		(date_trunc('second', minute.t) - n * interval '1 second')) AS v(t)
	WHERE v.t AT TIME ZONE stored >= c
), day AS (
	-- the first day that begins at t or later
	SELECT CASE WHEN t = date_trunc('day', t) THEN t::date ELSE t::date + 1 END AS first
	FROM zoneless
)
SELECT c AS instant, t AS zoneless,
	CASE
	-- these run from, or hold to, the END of the local day that the column names
	WHEN what = 'until' OR what = 'period' AND exact THEN first - 1
	WHEN what = 'now' THEN (as_of AT TIME ZONE stored)::date + 1
	ELSE first
	END AS day,
	CASE WHEN what IN ('until', 'now', 'far') OR what = 'period' AND exact
		THEN c - interval '1 microsecond' ELSE c END AS display
FROM asked, instant, zoneless, day
