-- $1: a request whose person's key is somebody else's by now: it stays as it ended. $2: the actor.
WITH spared AS (
	UPDATE pgretain.request AS r SET state = 'completed', finished_at = clock_timestamp(), wake_at = NULL
	WHERE r.id = $1::uuid AND r.state = 'executing' RETURNING r.id
)
SELECT pgretain.append('request', s.id, NULL, NULL, 'spare', NULL, NULL, $2::text,
	'{"to": "completed", "reason": "the key was used again"}') FROM spared AS s
