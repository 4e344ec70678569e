-- Requests without an answer whose deadline is at risk (80 % of the time is over) or breached.
SELECT count(*) FILTER (WHERE pgretain.request_deadline(r) <= $1::timestamptz) AS breached,
	count(*) FILTER (WHERE pgretain.request_deadline(r) > $1::timestamptz
		AND $1::timestamptz >= r.received_at + (pgretain.request_deadline(r) - r.received_at) * 0.8) AS at_risk
FROM pgretain.request AS r
WHERE r.finished_at IS NULL AND r.answered_at IS NULL
