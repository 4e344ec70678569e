-- Until when a backup taken before $1 is kept for $2, if that is still to come at $3.
SELECT pg_catalog.to_char((u.until AT TIME ZONE 'UTC'), 'YYYY-MM-DD')
FROM (SELECT $1::timestamptz + $2::interval AS until) AS u WHERE u.until > $3::timestamptz
