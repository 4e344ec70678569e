-- Requests of data subjects: who asked for what, how far it has come. The tables are written by the
-- functions below alone, which look up what each role may do; every step is an entry of the ledger.

CREATE TABLE pgretain.request_event (
	event	text	PRIMARY KEY,
	roles	text[]	NOT NULL,
	sets	text[]	NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE pgretain.request_event IS 'what may happen to a request, and who may do it';
COMMENT ON COLUMN pgretain.request_event.event IS 'the command, or what the engine notes';
COMMENT ON COLUMN pgretain.request_event.roles IS 'roles whose members may';
COMMENT ON COLUMN pgretain.request_event.sets IS 'columns of pgretain.request that the caller gives with it';
INSERT INTO pgretain.request_event (event, roles, sets) VALUES
	('open',		'{pgretain_clerk,pgretain_approver}', '{}'),
	('acknowledge',		'{pgretain_clerk,pgretain_approver}', '{}'),
	('ask identity',	'{pgretain_clerk,pgretain_approver}', '{answer_until}'),
	('ask fee',		'{pgretain_clerk,pgretain_approver}', '{answer_until}'),
	('paid',		'{pgretain_clerk,pgretain_approver}', '{}'),
	('verify',		'{pgretain_clerk,pgretain_approver}', '{}'),
	('duplicate',		'{pgretain_clerk,pgretain_approver}', '{duplicate_of}'),
	('revive',		'{}', '{}'),
	('assess',		'{pgretain_clerk,pgretain_approver,pgretain_runner}', '{fingerprint}'),
	('submit',		'{pgretain_clerk,pgretain_approver,pgretain_runner}', '{}'),
	('approve',		'{pgretain_approver}', '{approved_fingerprint}'),
	('execute',		'{pgretain_runner}', '{}'),
	('settle',		'{pgretain_runner}', '{wake_at}'),
	('answer',		'{pgretain_clerk,pgretain_approver,pgretain_runner}', '{}'),
	('ground',		'{pgretain_approver}', '{}'),
	('refuse',		'{pgretain_approver}', '{}'),
	('deny',		'{pgretain_approver}', '{}'),
	('withdraw',		'{pgretain_clerk,pgretain_approver}', '{}'),
	('expire',		'{pgretain_runner}', '{}'),
	('extend',		'{pgretain_clerk,pgretain_approver}', '{extended_until,extension_reason}'),
	('reopen',		'{pgretain_approver,pgretain_runner}', '{}');

CREATE TABLE pgretain.request_transition (
	kind		text	NOT NULL CHECK (kind IN ('erasure', 'access', 'withdrawal')),
	from_state	text	NOT NULL,
	event		text	NOT NULL REFERENCES pgretain.request_event,
	to_state	text	NOT NULL,
	PRIMARY KEY (kind, from_state, event, to_state)
);
COMMENT ON TABLE pgretain.request_transition IS 'the life of a request: what may follow what';
COMMENT ON COLUMN pgretain.request_transition.kind IS 'kind of the request';
COMMENT ON COLUMN pgretain.request_transition.from_state IS 'its state before';
COMMENT ON COLUMN pgretain.request_transition.event IS 'what happens';
COMMENT ON COLUMN pgretain.request_transition.to_state IS 'its state after';
INSERT INTO pgretain.request_transition (kind, from_state, event, to_state)
SELECT k.kind, f.state, t.event, coalesce(nullif(o.state, '='), f.state)
FROM (VALUES
	('all',	'received',		'ask identity',	'awaiting_identity'),
	('all',	'awaiting_identity',	'ask identity',	'='),
	('all',	'received awaiting_identity verified',	'acknowledge',	'='),
	('all',	'received awaiting_identity',	'verify',	'verified'),
	('all',	'received awaiting_identity verified',	'duplicate',	'duplicate'),
	('all',	'received awaiting_identity',	'deny',		'denied_identity'),
	('all',	'received awaiting_identity verified awaiting_fee',	'refuse',	'refused'),
	('all',	'received awaiting_identity verified awaiting_fee',	'withdraw',	'withdrawn'),
	('all',	'received awaiting_identity verified awaiting_fee',	'extend',	'='),
	('all',	'verified awaiting_fee',	'ask fee',	'awaiting_fee'),
	('all',	'awaiting_fee',		'paid',		'verified'),
	('all',	'awaiting_identity awaiting_fee',	'expire',	'expired'),
	('all',	'duplicate',		'revive',	'received'),
	('access',	'verified',	'answer',	'completed'),
	('erasing',	'verified assessed awaiting_approval approved partially_deferred partially_held '
		'backup_pending blocked reopened',	'assess',	'assessed'),
	('erasing',	'assessed',	'submit',	'awaiting_approval'),
	('erasing',	'awaiting_approval',	'approve',	'approved'),
	('erasing',	'approved executing partially_deferred partially_held backup_pending blocked',
		'execute',	'executing'),
	('erasing',	'executing',	'settle',	'partially_deferred partially_held backup_pending completed blocked'),
	('erasing',	'backup_pending',	'settle',	'completed'),
	('erasing',	'assessed awaiting_approval',	'ask fee',	'awaiting_fee'),
	('erasing',	'assessed awaiting_approval',	'ground',	'verified'),
	('erasing',	'verified blocked reopened',	'ground',	'='),
	('erasing',	'assessed awaiting_approval approved reopened',	'refuse',	'refused'),
	('erasing',	'assessed awaiting_approval approved reopened',	'withdraw',	'withdrawn'),
	('erasing',	'assessed awaiting_approval approved executing blocked reopened',	'extend',	'='),
	('erasing',	'completed backup_pending',	'reopen',	'reopened')
) AS t (kinds, from_states, event, to_states)
JOIN (VALUES ('all', 'erasure'), ('all', 'access'), ('all', 'withdrawal'), ('access', 'access'),
	('erasing', 'erasure'), ('erasing', 'withdrawal')) AS k (kinds, kind) USING (kinds)
CROSS JOIN LATERAL unnest(string_to_array(t.from_states, ' ')) AS f (state)
CROSS JOIN LATERAL unnest(string_to_array(t.to_states, ' ')) AS o (state);

CREATE TABLE pgretain.request (
	id			uuid		PRIMARY KEY,
	kind			text		NOT NULL CHECK (kind IN ('erasure', 'access', 'withdrawal')),
	state			text		NOT NULL CHECK (state IN ('received', 'awaiting_identity', 'verified',
		'assessed', 'awaiting_approval', 'approved', 'executing', 'partially_deferred', 'partially_held',
		'backup_pending', 'completed', 'awaiting_fee', 'blocked', 'reopened', 'duplicate', 'denied_identity',
		'expired', 'withdrawn', 'refused')),
	subject_type		text		NOT NULL,
	jurisdiction		text,
	received_at		timestamptz	NOT NULL CHECK (isfinite(received_at)),
	acknowledge_by		timestamptz,
	respond_by		timestamptz	NOT NULL,
	limit_by		timestamptz,
	opened_at		timestamptz	NOT NULL,
	opened_by		text		NOT NULL,
	acknowledged_at		timestamptz,
	answer_until		timestamptz,
	verified_at		timestamptz,
	verified_by		text,
	identity_evidence	text,
	extended_until		timestamptz,
	extension_reason	text,
	assessed_at		timestamptz,
	assessed_by		text,
	fingerprint		text,
	approved_at		timestamptz,
	approved_by		text,
	approved_fingerprint	text,
	executed_at		timestamptz,
	wake_at			timestamptz,
	answered_at		timestamptz,
	finished_at		timestamptz,
	duplicate_of		uuid		REFERENCES pgretain.request,
	CHECK ((state = 'duplicate') = (duplicate_of IS NOT NULL))
);
CREATE INDEX request_open ON pgretain.request (state) WHERE finished_at IS NULL;
CREATE INDEX request_duplicate_of ON pgretain.request (duplicate_of) WHERE duplicate_of IS NOT NULL;
COMMENT ON TABLE pgretain.request IS 'what data subjects have asked for; changed by pgretain.request_move alone';
COMMENT ON COLUMN pgretain.request.id IS 'the request''s UUID';
COMMENT ON COLUMN pgretain.request.kind IS 'erasure, access (a copy), withdrawal (of consent)';
COMMENT ON COLUMN pgretain.request.state IS 'how far it has come: see pgretain.request_transition';
COMMENT ON COLUMN pgretain.request.subject_type IS 'type of identity in the configuration, such as account';
COMMENT ON COLUMN pgretain.request.jurisdiction IS 'whose deadlines count; NULL or unknown: the earliest of all';
COMMENT ON COLUMN pgretain.request.received_at IS 'when the person asked';
COMMENT ON COLUMN pgretain.request.acknowledge_by IS 'until when the receipt must be confirmed';
COMMENT ON COLUMN pgretain.request.respond_by IS 'until when it must be answered, without an extension';
COMMENT ON COLUMN pgretain.request.limit_by IS 'hard stop, which no extension passes';
COMMENT ON COLUMN pgretain.request.opened_at IS 'when it was entered here';
COMMENT ON COLUMN pgretain.request.opened_by IS 'by whom';
COMMENT ON COLUMN pgretain.request.acknowledged_at IS 'when the person was told that it arrived';
COMMENT ON COLUMN pgretain.request.answer_until IS 'until when the person was asked to answer (identity, fee)';
COMMENT ON COLUMN pgretain.request.verified_at IS 'when the identity was found right: restricted since then';
COMMENT ON COLUMN pgretain.request.verified_by IS 'by whom';
COMMENT ON COLUMN pgretain.request.identity_evidence IS 'reference of the evidence';
COMMENT ON COLUMN pgretain.request.extended_until IS 'the deadline after an extension';
COMMENT ON COLUMN pgretain.request.extension_reason IS 'why it was extended';
COMMENT ON COLUMN pgretain.request.assessed_at IS 'when the items were frozen';
COMMENT ON COLUMN pgretain.request.assessed_by IS 'by whom';
COMMENT ON COLUMN pgretain.request.fingerprint IS 'hash of the frozen plan';
COMMENT ON COLUMN pgretain.request.approved_at IS 'when it was approved';
COMMENT ON COLUMN pgretain.request.approved_by IS 'by whom';
COMMENT ON COLUMN pgretain.request.approved_fingerprint IS 'the plan that was approved: no other one is executed';
COMMENT ON COLUMN pgretain.request.executed_at IS 'when its execution began first';
COMMENT ON COLUMN pgretain.request.wake_at IS 'when something that is deferred falls due';
COMMENT ON COLUMN pgretain.request.answered_at IS 'when the answer could be given: deadlines end here';
COMMENT ON COLUMN pgretain.request.finished_at IS 'when it came to its end';
COMMENT ON COLUMN pgretain.request.duplicate_of IS 'the open request of the same person';
COMMENT ON INDEX pgretain.request_open IS 'the requests that are not at their end';
COMMENT ON INDEX pgretain.request_duplicate_of IS 'the duplicates of a request';

CREATE TABLE pgretain.request_subject (
	request		uuid	NOT NULL REFERENCES pgretain.request,
	subject_type	text	NOT NULL,
	subject_key	text	NOT NULL,
	settled		boolean	NOT NULL,
	here		boolean	NOT NULL DEFAULT true,
	PRIMARY KEY (request, subject_type, subject_key)
);
CREATE UNIQUE INDEX request_subject_settled ON pgretain.request_subject (request) WHERE settled;
CREATE INDEX request_subject_key ON pgretain.request_subject (subject_key, subject_type) WHERE settled;
COMMENT ON TABLE pgretain.request_subject IS
	'the persons that a request may mean: candidates until one is settled; personal data, never in the ledger';
COMMENT ON COLUMN pgretain.request_subject.request IS 'the request';
COMMENT ON COLUMN pgretain.request_subject.subject_type IS 'type of identity';
COMMENT ON COLUMN pgretain.request_subject.subject_key IS 'surrogate key in the identity root, as text';
COMMENT ON COLUMN pgretain.request_subject.settled IS 'this one is meant';
COMMENT ON COLUMN pgretain.request_subject.here IS 'the identifier is theirs today; false: it was once';
COMMENT ON INDEX pgretain.request_subject_settled IS 'a request means one person';
COMMENT ON INDEX pgretain.request_subject_key IS 'the requests of a person';

CREATE TABLE pgretain.request_identifier (
	request	uuid	NOT NULL REFERENCES pgretain.request,
	n	int	NOT NULL,
	name	text	NOT NULL,
	sealed	bytea,
	PRIMARY KEY (request, n)
);
COMMENT ON TABLE pgretain.request_identifier IS
	'by what the person was named; values under the key file outside the database, needed until the certificate is final';
COMMENT ON COLUMN pgretain.request_identifier.request IS 'the request';
COMMENT ON COLUMN pgretain.request_identifier.n IS 'order: 1, 2';
COMMENT ON COLUMN pgretain.request_identifier.name IS 'the identifier''s name in the configuration';
COMMENT ON COLUMN pgretain.request_identifier.sealed IS 'its value, AES-256-GCM; NULL: no key file, not kept';

CREATE TABLE pgretain.request_ground (
	id		bigint		PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	request		uuid		NOT NULL REFERENCES pgretain.request,
	rule		text,
	code		text		NOT NULL CHECK (code ~ '^(G[1-8]|P[1-7])$'),
	scope		text		NOT NULL CHECK (scope <> ''),
	evidence	text		NOT NULL CHECK (evidence <> ''),
	approver	text		NOT NULL,
	decided_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	review_at	timestamptz
);
CREATE INDEX request_ground_request ON pgretain.request_ground (request);
COMMENT ON TABLE pgretain.request_ground IS 'why a request, or an item of it, was refused: coded reasons';
COMMENT ON COLUMN pgretain.request_ground.id IS 'order';
COMMENT ON COLUMN pgretain.request_ground.request IS 'the request';
COMMENT ON COLUMN pgretain.request_ground.rule IS 'the item''s rule; NULL: the whole request';
COMMENT ON COLUMN pgretain.request_ground.code IS 'G1 to G8, P1 to P7';
COMMENT ON COLUMN pgretain.request_ground.scope IS 'request, or rule and its name';
COMMENT ON COLUMN pgretain.request_ground.evidence IS 'reference of the evidence';
COMMENT ON COLUMN pgretain.request_ground.approver IS 'who decided';
COMMENT ON COLUMN pgretain.request_ground.decided_at IS 'when';
COMMENT ON COLUMN pgretain.request_ground.review_at IS 'until when it keeps the rows, and when somebody must look again';
COMMENT ON INDEX pgretain.request_ground_request IS 'the grounds of a request';

CREATE FUNCTION pgretain.request_deadline(r pgretain.request) RETURNS timestamptz
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(r.extended_until, r.respond_by)
$$;
COMMENT ON FUNCTION pgretain.request_deadline IS 'until when the request must be answered';

CREATE FUNCTION pgretain.request_deadline_state(r pgretain.request, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN coalesce(r.answered_at, r.finished_at, at) > coalesce(r.extended_until, r.respond_by) THEN 'breached'
		WHEN r.extended_until IS NOT NULL THEN 'extended'
		WHEN r.answered_at IS NULL AND r.finished_at IS NULL
			AND at >= r.received_at + (r.respond_by - r.received_at) * 0.8 THEN 'at_risk'
		ELSE 'on_time' END
$$;
COMMENT ON FUNCTION pgretain.request_deadline_state IS
	'on_time, at_risk (80 % of the time is over), extended or breached, at that instant';

CREATE VIEW pgretain.restricted WITH (security_barrier) AS
SELECT DISTINCT s.subject_type, s.subject_key
FROM pgretain.request r JOIN pgretain.request_subject s ON s.request = r.id AND s.settled
WHERE r.kind = 'erasure' AND r.verified_at IS NOT NULL AND r.state NOT IN
	('completed', 'duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused');
COMMENT ON VIEW pgretain.restricted IS
	'persons whose data is stored and secured but out of ordinary processing, from the verification of their request on';
COMMENT ON COLUMN pgretain.restricted.subject_type IS 'type of identity';
COMMENT ON COLUMN pgretain.restricted.subject_key IS 'surrogate key in the identity root, as text';

CREATE FUNCTION pgretain.request_may(p_event text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM pgretain.request_event e CROSS JOIN unnest(e.roles) AS r (name)
		WHERE e.event = p_event
		AND pg_has_role(coalesce(nullif(current_setting('role'), 'none'), session_user)::name, r.name::name, 'USAGE'))
$$;
COMMENT ON FUNCTION pgretain.request_may IS 'may the session''s role do this to a request?';

CREATE FUNCTION pgretain.request_lock() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_advisory_xact_lock(1885827685, 4)
$$;
COMMENT ON FUNCTION pgretain.request_lock IS
	'one at a time says whom a request means, so that of two alike one is the duplicate';

-- An open one that has not been executed yet: later data of the same person needs a request of its own.
CREATE FUNCTION pgretain.request_other(p_request uuid, p_kind text, p_type text, p_key text) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT r.id FROM pgretain.request_subject s JOIN pgretain.request r ON r.id = s.request
	WHERE s.settled AND s.subject_key = p_key AND s.subject_type = p_type AND r.kind = p_kind
		AND r.id <> p_request AND r.state IN ('received', 'awaiting_identity', 'verified', 'assessed',
			'awaiting_approval', 'approved', 'executing', 'awaiting_fee', 'blocked', 'reopened')
	ORDER BY r.opened_at, r.id LIMIT 1
$$;
COMMENT ON FUNCTION pgretain.request_other IS 'the open request of the same kind for the same person, or NULL';

CREATE FUNCTION pgretain.request_open(p jsonb, p_types text[], p_keys text[], p_here boolean[],
	p_names text[], p_sealed text[]) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r	pgretain.request := jsonb_populate_record(NULL::pgretain.request, p);
	persons	int := coalesce(cardinality(p_keys), 0);
BEGIN
	IF NOT pgretain.request_may('open') THEN
		RAISE EXCEPTION 'this role may not open requests' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM pgretain.request_lock();
	IF EXISTS (SELECT FROM pgretain.request x WHERE x.id = r.id) THEN
		RETURN 'exists';
	END IF;
	IF persons = 1 THEN
		r.duplicate_of := pgretain.request_other(r.id, r.kind, p_types[1], p_keys[1]);
	END IF;
	r.state := CASE WHEN persons <> 1 THEN 'awaiting_identity' WHEN r.duplicate_of IS NULL THEN 'received'
		ELSE 'duplicate' END;
	INSERT INTO pgretain.request (id, kind, state, subject_type, jurisdiction, received_at, acknowledge_by,
		respond_by, limit_by, opened_at, opened_by, duplicate_of, finished_at)
	VALUES (r.id, r.kind, r.state, r.subject_type, r.jurisdiction, r.received_at, r.acknowledge_by,
		r.respond_by, r.limit_by, clock_timestamp(), r.opened_by, r.duplicate_of,
		CASE WHEN r.state = 'duplicate' THEN clock_timestamp() END);
	INSERT INTO pgretain.request_subject (request, subject_type, subject_key, settled, here)
	SELECT r.id, u.t, u.k, persons = 1, u.h FROM unnest(p_types, p_keys, p_here) AS u (t, k, h);
	INSERT INTO pgretain.request_identifier (request, n, name, sealed)
	SELECT r.id, u.n, u.name, u.sealed::bytea
	FROM unnest(p_names, p_sealed) WITH ORDINALITY AS u (name, sealed, n);
	PERFORM pgretain.append('request', r.id, NULL, NULL, 'open', NULL, NULL, r.opened_by,
		jsonb_strip_nulls(jsonb_build_object('kind', r.kind, 'to', r.state, 'jurisdiction', r.jurisdiction,
			'identifiers', nullif(p_names, '{}'), 'duplicate_of', r.duplicate_of))::text);
	RETURN r.state;
END
$$;
COMMENT ON FUNCTION pgretain.request_open IS
	'enters a request with the persons it may mean, and gives its state; exists: the id is taken, nothing was done';

-- Somebody who never proved to be that person must not stand in the way of the person's own request.
CREATE FUNCTION pgretain.request_revive(p_request uuid, p_actor text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	next	uuid;
BEGIN
	PERFORM FROM pgretain.request r WHERE r.duplicate_of = p_request ORDER BY r.id FOR UPDATE;
	SELECT r.id INTO next FROM pgretain.request r WHERE r.duplicate_of = p_request
	ORDER BY r.opened_at, r.id LIMIT 1;
	IF next IS NULL THEN
		RETURN;
	END IF;
	UPDATE pgretain.request SET duplicate_of = next WHERE duplicate_of = p_request AND id <> next;
	UPDATE pgretain.request SET state = 'received', duplicate_of = NULL, finished_at = NULL WHERE id = next;
	PERFORM pgretain.append('request', next, NULL, NULL, 'revive', NULL, NULL, p_actor,
		jsonb_build_object('from', 'duplicate', 'to', 'received', 'because', p_request)::text);
END
$$;
COMMENT ON FUNCTION pgretain.request_revive IS
	'the oldest duplicate of a request that came to nothing takes its place';

CREATE FUNCTION pgretain.request_move(p_request uuid, p_from text, p_event text, p_to text, p_actor text,
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
		n.approved_at := NULL; n.approved_by := NULL; n.approved_fingerprint := NULL;
	ELSIF p_event = 'approve' THEN
		n.approved_at := at; n.approved_by := p_actor;
	ELSIF p_event = 'execute' THEN
		n.executed_at := coalesce(r.executed_at, at);
	ELSIF p_event = 'reopen' THEN
		n.finished_at := NULL;
	END IF;
	IF p_to IN ('partially_deferred', 'partially_held', 'backup_pending', 'completed', 'duplicate',
		'denied_identity', 'expired', 'withdrawn', 'refused') THEN
		n.answered_at := coalesce(r.answered_at, at);
	END IF;
	IF p_to IN ('completed', 'duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused') THEN
		n.finished_at := at; n.wake_at := NULL;
	END IF;
	UPDATE pgretain.request x SET state = n.state, acknowledged_at = n.acknowledged_at,
		answer_until = n.answer_until, verified_at = n.verified_at, verified_by = n.verified_by,
		identity_evidence = n.identity_evidence, extended_until = n.extended_until,
		extension_reason = n.extension_reason, assessed_at = n.assessed_at, assessed_by = n.assessed_by,
		fingerprint = n.fingerprint, approved_at = n.approved_at, approved_by = n.approved_by,
		approved_fingerprint = n.approved_fingerprint, executed_at = n.executed_at, wake_at = n.wake_at,
		answered_at = n.answered_at, finished_at = n.finished_at, duplicate_of = n.duplicate_of
	WHERE x.id = p_request;
	state := p_to;
	IF p_to IN ('denied_identity', 'expired', 'withdrawn') AND r.verified_at IS NULL THEN
		PERFORM pgretain.request_revive(p_request, p_actor);
	END IF;
	PERFORM pgretain.append('request', p_request, p_note->>'rule', NULL, p_event, NULL, NULL, p_actor,
		(jsonb_strip_nulls(jsonb_build_object('from', p_from, 'to', p_to, 'evidence', p_evidence))
			|| coalesce(p_note, '{}'))::text);
END
$$;
COMMENT ON FUNCTION pgretain.request_move IS
	'the only way on: one transition with its entry in the ledger; not moved: another command was quicker, '
	'and state is what it is now, or NULL: there is no such request';

CREATE FUNCTION pgretain.request_settle_subject(p_request uuid, p_type text, p_key text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT pgretain.request_may('verify') THEN
		RAISE EXCEPTION 'this role may not say whom a request means' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM pgretain.request_lock();
	PERFORM FROM pgretain.request r WHERE r.id = p_request AND r.state IN ('received', 'awaiting_identity') FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the request is not awaiting that' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE pgretain.request_subject s SET settled = false WHERE s.request = p_request AND s.settled
		AND (s.subject_type, s.subject_key) <> (p_type, p_key);
	INSERT INTO pgretain.request_subject AS s (request, subject_type, subject_key, settled)
	VALUES (p_request, p_type, p_key, true)
	ON CONFLICT (request, subject_type, subject_key) DO UPDATE SET settled = true;
END
$$;
COMMENT ON FUNCTION pgretain.request_settle_subject IS 'says whom a request means; part of verify';

CREATE FUNCTION pgretain.request_ground_put(p_request uuid, p_rule text, p_code text, p_evidence text,
	p_approver text, p_review_at timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made	bigint;
BEGIN
	IF NOT pgretain.request_may('refuse') THEN
		RAISE EXCEPTION 'this role may not refuse' USING ERRCODE = 'insufficient_privilege';
	END IF;
	INSERT INTO pgretain.request_ground (request, rule, code, scope, evidence, approver, review_at)
	VALUES (p_request, p_rule, p_code, coalesce('rule ' || p_rule, 'request'), p_evidence, p_approver, p_review_at)
	RETURNING id INTO made;
	RETURN made;
END
$$;
COMMENT ON FUNCTION pgretain.request_ground_put IS 'keeps a reason of refusal; part of refuse';

CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON pgretain.request
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.request ENABLE ALWAYS TRIGGER stays;
COMMENT ON TRIGGER stays ON pgretain.request IS 'requests come to an end, and are never removed';
