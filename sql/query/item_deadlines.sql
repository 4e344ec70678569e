-- Requests without an answer whose deadline is at risk (80 % of the time is over) or breached.
SELECT count(*) FILTER (WHERE d.at <= $1::timestamptz) AS breached,
	count(*) FILTER (WHERE d.at > $1::timestamptz AND $1::timestamptz >= r.received_at + (d.at - r.received_at) * 0.8) AS at_risk
FROM pgretain.request AS r
CROSS JOIN LATERAL (SELECT coalesce(r.extended_until, r.respond_by) AS at) AS d
WHERE r.finished_at IS NULL AND r.answered_at IS NULL
