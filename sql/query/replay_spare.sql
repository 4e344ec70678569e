-- $1: a request whose person's key is somebody else's by now: it stays as it ended. $2: the actor.
WITH spared AS (
	UPDATE pgretain.request AS r SET state = coalesce(o.paper->>'state', 'completed'), paper = NULL,
		finished_at = CASE WHEN o.paper IS NULL THEN clock_timestamp() ELSE (o.paper->>'finished_at')::timestamptz END,
		wake_at = (o.paper->>'wake_at')::timestamptz, duplicate_of = (o.paper->>'duplicate_of')::uuid
	FROM pgretain.request AS o
	WHERE o.id = r.id AND r.id = $1::uuid AND r.state = 'executing' RETURNING r.id, r.state, o.paper->'person' AS person
)
SELECT pgretain.append('request', s.id, NULL, NULL, 'spare', NULL, NULL, $2::text,
	jsonb_build_object('to', s.state, 'reason', 'the key was used again')::text), pgretain.replay_person(s.id, s.person)
FROM spared AS s
