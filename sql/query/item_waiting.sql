-- Requests that the nightly step works on: approved ones, those under way, those whose time has come, and those
-- with rows that may be free of their hold.
SELECT r.id FROM pgretain.request AS r
WHERE r.finished_at IS NULL AND r.kind IN ('erasure', 'withdrawal')
	AND (r.state IN ('approved', 'executing', 'partially_held', 'backup_pending')
		OR r.state = 'blocked' AND r.executed_at IS NOT NULL
		OR r.state = 'partially_deferred' AND (r.wake_at IS NULL OR r.wake_at <= $1::timestamptz
			OR EXISTS (SELECT FROM pgretain.request_item AS i WHERE i.request = r.id AND i.held > 0)))
ORDER BY r.id
