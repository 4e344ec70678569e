-- What has begun is carried through: assessed anew, a request that is under way has no other end than its execution,
-- and a replay knows it. What is approved or executed is the plan that was read.

ALTER TABLE pgretain.request_event ADD COLUMN until_begun boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pgretain.request_event.until_begun IS 'possible only until the execution begins';
UPDATE pgretain.request_event SET until_begun = true
WHERE event IN ('ask fee', 'duplicate', 'refuse', 'deny', 'withdraw', 'expire');

ALTER TABLE pgretain.request
	ADD COLUMN executing_at	timestamptz,
	ADD COLUMN reopened_at	timestamptz,
	ADD COLUMN paper	jsonb;
COMMENT ON COLUMN pgretain.request.executed_at IS 'when it was executed first';
COMMENT ON COLUMN pgretain.request.executing_at IS 'when an execution began or went on last';
COMMENT ON COLUMN pgretain.request.reopened_at IS 'when it was reopened last: it may be withdrawn again, until its next execution';
COMMENT ON COLUMN pgretain.request.paper IS
	'what it was before a replay executed it again, and becomes after that; the person it means by then';
UPDATE pgretain.request r SET executing_at = coalesce(x.executing_at, r.executed_at), reopened_at = x.reopened_at
FROM (SELECT q.id, max(l.at) FILTER (WHERE l.action = 'execute') AS executing_at,
		max(l.at) FILTER (WHERE l.action = 'reopen') AS reopened_at
	FROM pgretain.request q LEFT JOIN pgretain.ledger l ON l.run = q.id AND l.kind = 'request'
	WHERE q.executed_at IS NOT NULL GROUP BY q.id) x
WHERE x.id = r.id;

CREATE FUNCTION pgretain.request_begun(r pgretain.request) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(r.executing_at > coalesce(r.reopened_at, '-infinity'), false)
$$;
COMMENT ON FUNCTION pgretain.request_begun IS 'has its execution begun, and was it not reopened since?';

-- At its end nobody looks for that person any more. A duplicate is kept as long as it may be revived.
CREATE FUNCTION pgretain.request_forget(p_request uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	DELETE FROM pgretain.request_frozen f WHERE f.request = p_request
		OR f.request IN (SELECT r.id FROM pgretain.request r WHERE r.duplicate_of = p_request);
	DELETE FROM pgretain.request_identifier i WHERE i.request = p_request
		OR i.request IN (SELECT r.id FROM pgretain.request r WHERE r.duplicate_of = p_request)
$$;
COMMENT ON FUNCTION pgretain.request_forget IS 'drops the sealed identifiers of a request that has ended, and of its duplicates';
SELECT pgretain.request_forget(r.id) FROM pgretain.request r
WHERE r.state IN ('completed', 'denied_identity', 'expired', 'withdrawn', 'refused');

CREATE OR REPLACE FUNCTION pgretain.request_move(p_request uuid, p_from text, p_event text, p_to text, p_actor text,
	p_evidence text, p_set jsonb, p_note jsonb, OUT moved boolean, OUT state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r	pgretain.request;
	n	pgretain.request;
	at	timestamptz;
	odd	text;
BEGIN
	IF NOT pgretain.request_may(p_event) THEN
		RAISE EXCEPTION 'this role may not do that to a request' USING ERRCODE = 'insufficient_privilege';
	END IF;
	SELECT * INTO r FROM pgretain.request x WHERE x.id = p_request FOR UPDATE;
	moved := r.state = p_from;
	state := r.state;
	IF NOT FOUND OR NOT moved THEN
		RETURN;
	END IF;
	-- the state may be the same again, and the request another: it was executed or assessed meanwhile
	IF (SELECT e.until_begun FROM pgretain.request_event e WHERE e.event = p_event) AND pgretain.request_begun(r)
		OR p_event = 'approve' AND (p_set->>'approved_fingerprint' = r.fingerprint) IS NOT TRUE
		OR p_event = 'execute' AND r.state = 'approved' AND r.approved_fingerprint IS DISTINCT FROM r.fingerprint THEN
		moved := false;
		RETURN;
	END IF;
	IF NOT EXISTS (SELECT FROM pgretain.request_transition t WHERE t.kind = r.kind AND t.from_state = p_from
			AND t.event = p_event AND t.to_state = p_to) THEN
		RAISE EXCEPTION 'no such transition' USING ERRCODE = 'insufficient_privilege';
	END IF;
	SELECT k INTO odd FROM jsonb_object_keys(coalesce(p_set, '{}')) AS k
	WHERE k <> ALL ((SELECT e.sets FROM pgretain.request_event e WHERE e.event = p_event)::text[]);
	IF FOUND THEN
		RAISE EXCEPTION 'this event does not set that column' USING ERRCODE = 'insufficient_privilege';
	END IF;
	at := clock_timestamp();
	n := jsonb_populate_record(r, coalesce(p_set, '{}'));
	n.state := p_to;
	IF p_event IN ('acknowledge', 'ask identity', 'ask fee', 'verify') THEN
		n.acknowledged_at := coalesce(r.acknowledged_at, at);
	END IF;
	IF p_event = 'verify' THEN
		n.verified_at := at; n.verified_by := p_actor; n.identity_evidence := p_evidence;
	ELSIF p_event = 'assess' THEN
		n.assessed_at := at; n.assessed_by := p_actor;
		n.approved_at := NULL; n.approved_by := NULL; n.approved_fingerprint := NULL; n.paper := NULL;
	ELSIF p_event = 'approve' THEN
		n.approved_at := at; n.approved_by := p_actor;
	ELSIF p_event = 'execute' THEN
		n.executed_at := coalesce(r.executed_at, at); n.executing_at := at;
	ELSIF p_event = 'reopen' THEN
		n.finished_at := NULL; n.answered_at := NULL; n.reopened_at := at;
	END IF;
	IF p_to IN ('partially_deferred', 'partially_held', 'backup_pending', 'completed', 'duplicate',
		'denied_identity', 'expired', 'withdrawn', 'refused') THEN
		n.answered_at := coalesce(r.answered_at, at);
	END IF;
	IF p_to IN ('completed', 'duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused') THEN
		n.finished_at := at; n.wake_at := NULL;
	END IF;
	IF p_event = 'settle' AND p_to <> 'blocked' AND r.paper IS NOT NULL THEN
		n := jsonb_populate_record(n, r.paper - 'person'); n.paper := NULL;
		PERFORM pgretain.replay_person(p_request, r.paper->'person');
	END IF;
	UPDATE pgretain.request x SET state = n.state, acknowledged_at = n.acknowledged_at,
		answer_until = n.answer_until, verified_at = n.verified_at, verified_by = n.verified_by,
		identity_evidence = n.identity_evidence, extended_until = n.extended_until,
		extension_reason = n.extension_reason, assessed_at = n.assessed_at, assessed_by = n.assessed_by,
		fingerprint = n.fingerprint, approved_at = n.approved_at, approved_by = n.approved_by,
		approved_fingerprint = n.approved_fingerprint, executed_at = n.executed_at, wake_at = n.wake_at,
		answered_at = n.answered_at, finished_at = n.finished_at, duplicate_of = n.duplicate_of,
		executing_at = n.executing_at, reopened_at = n.reopened_at, paper = n.paper
	WHERE x.id = p_request;
	state := n.state;
	IF p_to IN ('denied_identity', 'expired', 'withdrawn', 'refused') AND r.verified_at IS NULL THEN
		PERFORM pgretain.request_revive(p_request, p_actor);
	END IF;
	IF n.state IN ('completed', 'denied_identity', 'expired', 'withdrawn', 'refused') THEN
		PERFORM pgretain.request_forget(p_request);
	END IF;
	PERFORM pgretain.append('request', p_request, p_note->>'rule', NULL, p_event, NULL, NULL, p_actor,
		(jsonb_strip_nulls(jsonb_build_object('from', p_from, 'to', n.state, 'evidence', p_evidence,
			'executed', CASE WHEN n.state <> p_to THEN p_to END))
			|| coalesce(p_note, '{}'))::text);
END
$$;

-- A request that was reopened may mean another key since; the rows that came back with the backup are under the former.
CREATE FUNCTION pgretain.replay_executed(p_request uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT s.row FROM pgretain.replay_row s
	WHERE s.tbl = 'request_subject' AND s.row->>'request' = p_request::text AND (s.row->>'settled')::boolean
		AND s.line <= (SELECT max(x.line) FROM pgretain.replay_row x
			WHERE x.tbl = 'request' AND x.row->>'id' = p_request::text AND x.row->>'state' = 'executing')
	ORDER BY s.line DESC LIMIT 1
$$;
COMMENT ON FUNCTION pgretain.replay_executed IS 'whom a request meant when it was executed last; NULL: the log does not say';

CREATE FUNCTION pgretain.replay_person(p_request uuid, p_person jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	was	jsonb;
BEGIN
	SELECT to_jsonb(s) INTO was FROM pgretain.request_subject s WHERE s.request = p_request AND s.settled;
	IF p_person->>'subject_key' IS NULL OR p_person->>'subject_key' = was->>'subject_key' THEN
		RETURN NULL;
	END IF;
	UPDATE pgretain.request_subject s SET settled = false WHERE s.request = p_request AND s.settled;
	UPDATE pgretain.request_subject s SET settled = true
	WHERE s.request = p_request AND s.subject_type = p_person->>'subject_type' AND s.subject_key = p_person->>'subject_key';
	RETURN was;
END
$$;
COMMENT ON FUNCTION pgretain.replay_person IS 'lets a request mean this person for now; gives the one it meant, NULL: nothing changed';

-- Requests that had been carried out: their rows are back, whatever has become of the request since. Items are what the
-- backup knows of them, so that what was erased before it is not counted twice.
CREATE OR REPLACE FUNCTION pgretain.replay_apply(p_actor text, OUT tbl text, OUT rows bigint) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	under_way	CONSTANT text[] := '{executing,partially_deferred,partially_held,backup_pending,completed,blocked}';
	again	uuid[];
	r	record;
BEGIN
	PERFORM set_config('pgretain.replay', 'on', true);
	CREATE TEMP TABLE pgretain_items ON COMMIT DROP AS TABLE pgretain.request_item;
	CREATE TEMP TABLE pgretain_requests ON COMMIT DROP AS TABLE pgretain.request;
	FOR r IN SELECT w.tbl FROM pgretain.watched w ORDER BY w.place LOOP
		tbl := r.tbl;
		rows := pgretain.replay_put(r.tbl);
		RETURN NEXT;
	END LOOP;
	SELECT array_agg(q.id) INTO again FROM pgretain.request q LEFT JOIN pgretain_requests b ON b.id = q.id
	WHERE q.executed_at IS NOT NULL AND q.kind IN ('erasure', 'withdrawal')
		AND (q.state = ANY(under_way) OR b.executing_at IS DISTINCT FROM q.executing_at OR b.state = 'executing')
		AND EXISTS (SELECT FROM pgretain.replay_row x WHERE x.tbl = 'request' AND x.row->>'id' = q.id::text);
	DELETE FROM pgretain.request_item i WHERE i.request = ANY(again);
	INSERT INTO pgretain.request_item SELECT i.* FROM pgretain_items i WHERE i.request = ANY(again);
	FOR r IN SELECT q.* FROM pgretain.request q WHERE q.id = ANY(again) LOOP
		UPDATE pgretain.request q SET state = 'executing', finished_at = NULL, wake_at = NULL, duplicate_of = NULL,
			paper = CASE WHEN r.state <> ALL(under_way) THEN jsonb_build_object('state', r.state,
				'finished_at', r.finished_at, 'answered_at', r.answered_at, 'wake_at', r.wake_at, 'duplicate_of', r.duplicate_of,
				'executing_at', r.executing_at, 'person', pgretain.replay_person(r.id, pgretain.replay_executed(r.id))) ELSE r.paper END
		WHERE q.id = r.id;
		PERFORM pgretain.append('request', r.id, NULL, NULL, 'replay', NULL, NULL, p_actor,
			jsonb_build_object('from', r.state, 'to', 'executing')::text);
	END LOOP;
	PERFORM pgretain.request_forget(q.id) FROM pgretain.request q
	WHERE q.state IN ('completed', 'denied_identity', 'expired', 'withdrawn', 'refused');
	DROP TABLE pgretain_items, pgretain_requests;
	DELETE FROM pgretain.journal;
	PERFORM set_config('pgretain.replay', '', true);
END
$$;

-- Until the receipt is confirmed that deadline counts too; an answer confirms it.
CREATE OR REPLACE FUNCTION pgretain.request_deadline_state(r pgretain.request, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN coalesce(r.answered_at, r.finished_at, at) > coalesce(r.extended_until, r.respond_by)
			OR r.acknowledged_at IS NULL AND coalesce(r.answered_at, r.finished_at, at) > r.acknowledge_by THEN 'breached'
		WHEN r.acknowledged_at IS NULL AND r.answered_at IS NULL AND r.finished_at IS NULL
			AND at >= r.received_at + (r.acknowledge_by - r.received_at) * 0.8 THEN 'at_risk'
		WHEN r.extended_until IS NOT NULL THEN 'extended'
		WHEN r.answered_at IS NULL AND r.finished_at IS NULL
			AND at >= r.received_at + (r.respond_by - r.received_at) * 0.8 THEN 'at_risk'
		ELSE 'on_time' END
$$;
