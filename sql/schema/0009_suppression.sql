-- What remains of an erased person: digests under a key that the database never sees, so that an import that
-- brings the person back is noticed. No identifier, no key of a person stands here.

-- No reference to pgretain.request: a database that was restored from before the request has the digests first.
CREATE TABLE pgretain.suppression (
	request		uuid		NOT NULL,
	subject_type	text		NOT NULL,
	kind		text		NOT NULL CHECK (kind IN ('key', 'identifier')),
	name		text		NOT NULL,
	digest		bytea		NOT NULL CHECK (octet_length(digest) = 32),
	made_with	bytea		NOT NULL CHECK (octet_length(made_with) = 32),
	since		timestamptz	NOT NULL DEFAULT '-infinity',
	until		timestamptz	NOT NULL DEFAULT 'infinity',
	placed_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	found_at	timestamptz,
	PRIMARY KEY (request, kind, name, digest, since)
);
CREATE INDEX suppression_digest ON pgretain.suppression (digest);
COMMENT ON TABLE pgretain.suppression IS
	'keyed digests (HMAC-SHA256) of what identified erased persons; the key is outside of the database; pseudonymous data';
COMMENT ON COLUMN pgretain.suppression.request IS 'the request that erased the person';
COMMENT ON COLUMN pgretain.suppression.subject_type IS 'type of identity in the configuration';
COMMENT ON COLUMN pgretain.suppression.kind IS 'identifier, or key (surrogate), which alone tells nothing: keys are used again';
COMMENT ON COLUMN pgretain.suppression.name IS 'the identifier''s name; of a key: the type';
COMMENT ON COLUMN pgretain.suppression.digest IS 'of type, kind, name and normalised value';
COMMENT ON COLUMN pgretain.suppression.made_with IS
	'mark of the key and of the normalisation: digests made with others can''t be compared';
COMMENT ON COLUMN pgretain.suppression.since IS 'the identifier was theirs from then';
COMMENT ON COLUMN pgretain.suppression.until IS 'and until then: the end of its validity, or the erasure';
COMMENT ON COLUMN pgretain.suppression.placed_at IS 'when it was placed: it is kept for the configured time from then';
COMMENT ON COLUMN pgretain.suppression.found_at IS 'when it was found in the tables again; NULL: it is not there';
COMMENT ON INDEX pgretain.suppression_digest IS 'the digest of one identifier';

-- What was placed before stays: an identifier that nobody has imported yet is as much theirs as before. A digest of an
-- earlier request that this one covers is the newer request's.
CREATE FUNCTION pgretain.suppression_put(p_request uuid, p_rows jsonb, p_actor text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	placed	bigint;
BEGIN
	DELETE FROM pgretain.suppression s USING jsonb_to_recordset(p_rows)
		AS n (subject_type text, kind text, name text, digest text, since timestamptz, until timestamptz)
	WHERE s.request <> p_request AND s.digest = decode(n.digest, 'hex') AND s.kind = n.kind AND s.name = n.name
		AND s.subject_type = n.subject_type AND s.since >= n.since AND s.until <= n.until;
	DELETE FROM pgretain.suppression s WHERE s.request = p_request AND s.kind = 'key';
	INSERT INTO pgretain.suppression AS s (request, subject_type, kind, name, digest, made_with, since, until)
	SELECT p_request, n.subject_type, n.kind, n.name, decode(n.digest, 'hex'), decode(n.made_with, 'hex'), n.since, max(n.until)
	FROM jsonb_to_recordset(p_rows)
		AS n (subject_type text, kind text, name text, digest text, made_with text, since timestamptz, until timestamptz)
	GROUP BY n.subject_type, n.kind, n.name, n.digest, n.made_with, n.since
	ON CONFLICT (request, kind, name, digest, since) DO UPDATE
		SET until = greatest(s.until, excluded.until), made_with = excluded.made_with, placed_at = excluded.placed_at, found_at = NULL;
	GET DIAGNOSTICS placed = ROW_COUNT;
	IF placed > 0 THEN
		PERFORM pgretain.append('request', p_request, NULL, NULL, 'suppress', NULL, NULL, p_actor,
			jsonb_build_object('digests', placed)::text);
	END IF;
	RETURN placed;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_put IS
	'places the digests of a request whose erasure is done (hex, JSON objects), and gives how many';

-- The log outside of the database brings them back after a restore: before anybody can be imported again.
CREATE FUNCTION pgretain.suppression_restore(p_rows jsonb, p_actor text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	back	bigint;
BEGIN
	INSERT INTO pgretain.suppression (request, subject_type, kind, name, digest, made_with, since, until, placed_at)
	SELECT n.request, n.subject_type, n.kind, n.name, decode(n.digest, 'hex'), decode(n.made_with, 'hex'), n.since, n.until, n.placed_at
	FROM jsonb_to_recordset(p_rows) AS n (request uuid, subject_type text, kind text, name text, digest text, made_with text,
		since timestamptz, until timestamptz, placed_at timestamptz)
	ON CONFLICT (request, kind, name, digest, since) DO NOTHING;
	GET DIAGNOSTICS back = ROW_COUNT;
	IF back > 0 THEN
		PERFORM pgretain.append('suppression', NULL, NULL, NULL, 'restore', back, NULL, p_actor, '{}');
	END IF;
	RETURN back;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_restore IS
	'puts back what query/suppression_all has read, and gives how many were not there';

CREATE FUNCTION pgretain.suppression_expire(p_keep interval, p_actor text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone	bigint;
BEGIN
	DELETE FROM pgretain.suppression s WHERE s.placed_at + p_keep <= clock_timestamp();
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF gone > 0 THEN
		PERFORM pgretain.append('suppression', NULL, NULL, NULL, 'expire', gone, NULL, p_actor, '{}');
	END IF;
	RETURN gone;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_expire IS 'deletes digests that were kept for this long, and gives how many';

CREATE FUNCTION pgretain.suppression_found(p_requests uuid[], p_names text[]) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE pgretain.suppression s SET found_at = NULL
	WHERE s.found_at IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(p_requests, p_names) AS f (request, name)
		WHERE f.request = s.request AND f.name = s.name);
	RETURN QUERY WITH new AS (
		UPDATE pgretain.suppression s SET found_at = clock_timestamp() FROM unnest(p_requests, p_names) AS f (request, name)
		WHERE f.request = s.request AND f.name = s.name AND s.kind = 'identifier' AND s.found_at IS NULL RETURNING s.request)
	SELECT DISTINCT n.request FROM new n;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_found IS
	'notes which identifiers of which requests are in the tables again, and gives the requests of which that is news';

CREATE FUNCTION pgretain.suppression_drop(p_request uuid, p_evidence text, p_actor text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone	bigint;
BEGIN
	DELETE FROM pgretain.suppression s WHERE s.request = p_request;
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF gone > 0 THEN
		PERFORM pgretain.append('request', p_request, NULL, NULL, 'admit', NULL, NULL, p_actor,
			jsonb_build_object('digests', gone, 'evidence', p_evidence)::text);
	END IF;
	RETURN gone;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_drop IS
	'deletes a request''s digests: the person has come back of their own will';

-- The person who came back may bear another key: that is whom the reopened request means from here on.
CREATE FUNCTION pgretain.suppression_settle(p_request uuid, p_type text, p_key text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT pgretain.request_may('reopen') THEN
		RAISE EXCEPTION 'this role may not reopen requests' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM pgretain.request_lock();
	PERFORM FROM pgretain.request r WHERE r.id = p_request AND r.state = 'reopened' FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the request is not reopened' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE pgretain.request_subject s SET settled = false, here = false WHERE s.request = p_request AND s.settled
		AND (s.subject_type, s.subject_key) <> (p_type, p_key);
	INSERT INTO pgretain.request_subject AS s (request, subject_type, subject_key, settled)
	VALUES (p_request, p_type, p_key, true)
	ON CONFLICT (request, subject_type, subject_key) DO UPDATE SET settled = true, here = true;
END
$$;
COMMENT ON FUNCTION pgretain.suppression_settle IS 'says whom a reopened request means; part of reopen';
