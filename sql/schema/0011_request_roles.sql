-- What an auditor may know of a request: everything but whom it means.

CREATE VIEW pgretain.request_person WITH (security_barrier) AS
SELECT s.request, s.subject_type, s.subject_key, s.settled, s.here
FROM pgretain.request_subject AS s WHERE has_table_privilege('pgretain.request_subject', 'SELECT');
COMMENT ON VIEW pgretain.request_person IS
	'the persons that a request may mean; empty for those who may not know';
COMMENT ON COLUMN pgretain.request_person.request IS 'the request';
COMMENT ON COLUMN pgretain.request_person.subject_type IS 'type of identity';
COMMENT ON COLUMN pgretain.request_person.subject_key IS 'surrogate key in the identity root, as text';
COMMENT ON COLUMN pgretain.request_person.settled IS 'this one is meant';
COMMENT ON COLUMN pgretain.request_person.here IS 'the identifier is theirs today; false: it was once';

CREATE FUNCTION pgretain.request_restricted(p_request uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM pgretain.request_subject s JOIN pgretain.restricted x USING (subject_type, subject_key)
		WHERE s.request = p_request AND s.settled)
$$;
COMMENT ON FUNCTION pgretain.request_restricted IS 'is the person of a request restricted?';

-- An auditor appends nothing but this: which bytes were handed out as a certificate, and to which login.
CREATE FUNCTION pgretain.request_certified(p_request uuid, p_digest text, p_final boolean, p_actor text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r	pgretain.request;
BEGIN
	SELECT * INTO r FROM pgretain.request x WHERE x.id = p_request AND x.executed_at IS NOT NULL;
	IF NOT FOUND OR p_digest !~ '^sha256:[0-9a-f]{64}$' THEN
		RAISE EXCEPTION 'nothing to certify' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM pgretain.append('request', r.id, NULL, NULL, 'certificate', NULL, NULL, p_actor,
		jsonb_build_object('certificate', p_digest, 'final', p_final AND r.state = 'completed', 'state', r.state)::text);
END
$$;
COMMENT ON FUNCTION pgretain.request_certified IS
	'the entry of a certificate: the hash of what was handed out, nothing of its content';
