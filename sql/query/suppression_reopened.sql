-- Requests that were reopened and wait for a human.
SELECT count(*) FROM pgretain.request AS r WHERE r.state = 'reopened'
