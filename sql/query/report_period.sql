-- The period of a report: since (default: 30 days before its end), until (default: this instant, by the
-- server's clock); as text and, for until, in microseconds since 2000-01-01 UTC.
WITH given AS (
	SELECT coalesce($2::timestamptz, statement_timestamp()) AS until
), period AS (
	SELECT coalesce($1::timestamptz, until - interval '30 days') AS since, until FROM given
)
SELECT rtrim(rtrim(to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS since,
	rtrim(rtrim(to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS until,
	(extract(epoch FROM until - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint AS until_us,
	since < until AS is_period
FROM period
