-- $1: now. Requests that the nightly step works on: approved ones and all that are under way. Those that wait for the end of a
-- floor too, whatever wake_at says: a start event may have come or moved since. One set of scans serves them all.
SELECT r.id FROM pgretain.request AS r
WHERE r.received_at <= $1::timestamptz AND r.finished_at IS NULL AND r.kind IN ('erasure', 'withdrawal')
	AND (r.state IN ('approved', 'executing', 'partially_deferred', 'partially_held', 'backup_pending')
		OR r.state = 'blocked' AND r.executed_at IS NOT NULL)
ORDER BY r.id
