-- Holds that keep rows, and those of them whose review date has passed at an instant.
SELECT count(*) AS open, count(*) FILTER (WHERE review_at < $1::timestamptz) AS overdue
FROM pgretain.hold
WHERE state IN ('active', 'review_due', 'release_pending')
