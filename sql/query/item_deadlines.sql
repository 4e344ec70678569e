-- Requests without an answer whose deadline is at risk (80 % of the time is over) or breached. Until the receipt is confirmed
-- that deadline is one too.
SELECT count(*) FILTER (WHERE d.breached) AS breached, count(*) FILTER (WHERE d.at_risk AND NOT d.breached) AS at_risk
FROM pgretain.request AS r CROSS JOIN LATERAL (
	SELECT bool_or(t.until <= $1::timestamptz) AS breached,
		bool_or($1::timestamptz >= r.received_at + (t.until - r.received_at) * 0.8) AS at_risk
	FROM (VALUES (pgretain.request_deadline(r)), (CASE WHEN r.acknowledged_at IS NULL THEN r.acknowledge_by END)) AS t(until)
	WHERE t.until IS NOT NULL) AS d
WHERE r.finished_at IS NULL AND r.answered_at IS NULL
