-- What a certificate says is held against what the ledger says, and stands in its entry.

CREATE FUNCTION pgretain.request_item_text(i pgretain.request_item) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat_ws(' ', i.matched, i.erased, i.anonymized, i.quarantined, i.deferred, i.held, i.retained, i.not_found, i.failed)
$$;
COMMENT ON FUNCTION pgretain.request_item_text IS 'an item''s counts as the entry of its result has them';

CREATE FUNCTION pgretain.request_items(p_request uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO' AS $$
	SELECT coalesce(jsonb_agg((SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(to_jsonb(i)) AS f
		WHERE f.key NOT IN ('request', 'live', 'seq', 'wake_at', 'vaulted') AND f.value NOT IN ('0', 'null', '[]', 'false'))
		ORDER BY i.rule COLLATE "C"), '[]')
	FROM pgretain.request_item AS i WHERE i.request = p_request
$$;
COMMENT ON FUNCTION pgretain.request_items IS 'the items of a request as its certificate has them; without what is 0 or empty';

CREATE FUNCTION pgretain.request_seen(p_request uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT encode(sha256(convert_to(r.state || ' ' || pgretain.request_items(r.id)::text, 'UTF8')), 'hex')
	FROM pgretain.request AS r WHERE r.id = p_request
$$;
COMMENT ON FUNCTION pgretain.request_seen IS 'a request''s state and items in one word: are they as they were?';

-- Rows that went by rules are in the entries of the batches that took them; those of the vault in its purges. Several
-- requests may share a run: together they can't have had more than it did. The result of an execution has its own entry.
CREATE FUNCTION pgretain.request_faults(p_request uuid) RETURNS TABLE (rule text, why text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH peer AS MATERIALIZED (
		SELECT p_request AS request
		UNION SELECT x.request FROM pgretain.request_run AS x JOIN pgretain.request_run AS own USING (run) WHERE own.request = p_request
	), acted AS MATERIALIZED (
		SELECT l.rule, l.tbl, sum(l.rows) AS rows FROM pgretain.ledger AS l
		WHERE l.kind = 'batch' AND l.action <> 'minimise'
			AND l.run IN (SELECT x.run FROM pgretain.request_run AS x JOIN peer USING (request))
		GROUP BY 1, 2
		UNION ALL
		SELECT l.rule, l.tbl, sum(l.rows) FROM pgretain.ledger AS l
		WHERE l.kind = 'quarantine' AND l.action = 'purge'
			AND l.seq > (SELECT min(o.seq) FROM pgretain.ledger AS o WHERE o.run IN (SELECT peer.request FROM peer))
		GROUP BY 1, 2
	), item AS MATERIALIZED (
		SELECT i.* FROM pgretain.request_item AS i WHERE i.request = p_request
	), claimed AS MATERIALIZED (
		SELECT i.rule, sum(i.erased + i.anonymized + i.quarantined - i.vaulted) AS rows
		FROM pgretain.request_item AS i JOIN peer USING (request)
		WHERE i.executed AND i.rule IN (SELECT m.rule FROM item AS m) GROUP BY 1
	), result AS MATERIALIZED (
		SELECT l.seq, l.detail::jsonb -> 'items' AS items FROM pgretain.ledger AS l
		WHERE l.run = p_request AND l.kind = 'request' AND l.action = 'settle' AND l.detail::jsonb ? 'items'
			AND NOT EXISTS (SELECT FROM pgretain.ledger AS n WHERE n.run = p_request AND n.kind = 'request'
				AND n.action IN ('execute', 'assess', 'replay') AND n.seq > l.seq)
		ORDER BY l.seq DESC LIMIT 1
	)
	SELECT i.rule, 'its parts do not add up to what was found' FROM item AS i
	WHERE i.matched <> i.erased + i.anonymized + i.quarantined + i.deferred + i.held + i.retained + i.not_found + i.failed
	UNION ALL
	SELECT i.rule, format('%s row(s) are said to be done, the batches of its runs have had %s', c.rows, a.rows)
	FROM item AS i JOIN claimed AS c USING (rule)
	CROSS JOIN LATERAL (SELECT coalesce(sum(x.rows), 0) AS rows FROM acted AS x WHERE x.rule = i.rule OR x.tbl = i.tbl) AS a
	WHERE c.rows > a.rows
	UNION ALL
	SELECT rule, format('it is not as entry %s of the ledger has it', (SELECT result.seq FROM result))
	FROM (SELECT s.key AS rule, s.value FROM result CROSS JOIN LATERAL jsonb_each_text(result.items) AS s) AS s
	FULL JOIN (SELECT i.rule, pgretain.request_item_text(i) AS parts FROM pgretain.request_item AS i
		WHERE i.request = p_request AND i.matched > 0) AS i USING (rule)
	WHERE i.parts IS DISTINCT FROM s.value AND EXISTS (SELECT FROM result)
$$;
COMMENT ON FUNCTION pgretain.request_faults IS
	'items of a request that do not balance, in themselves or against the ledger: its certificate is void';

-- A shared row in the vault is somebody's by the live row's link, which an erasure cuts: from then on nobody can say which
-- of the rule's rows there are theirs, and none of them is gone before all are.
CREATE FUNCTION pgretain.vault_waits(p_rule text, p_until timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v	regclass;
	waits	boolean;
BEGIN
	FOR v IN SELECT r.vault FROM pgretain.vault_rule r WHERE r.rule = p_rule LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM %s AS t WHERE t.pgretain_rule = $1 AND t.pgretain_purge_after <= $2)', v)
			INTO waits USING p_rule, p_until;
		IF waits THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;
COMMENT ON FUNCTION pgretain.vault_waits IS 'has the vault rows of this rule whose purge is due by then?';

-- The entry keeps what was certified, read here and not given: a file that says something else is none, whoever has
-- brought its digest here.
DROP FUNCTION pgretain.request_certified(uuid, text, boolean, text);
ALTER FUNCTION pgretain.append(text, uuid, text, text, text, bigint, timestamptz, text, text) RENAME TO append_any;

CREATE FUNCTION pgretain.append(p_kind text, p_run uuid, p_rule text, p_tbl text, p_action text,
	p_rows bigint, p_as_of timestamptz, p_actor text, p_detail text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF p_kind = 'request' AND p_action = 'certificate' THEN
		RAISE EXCEPTION 'the entry of a certificate is written by pgretain.request_certified' USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN pgretain.append_any(p_kind, p_run, p_rule, p_tbl, p_action, p_rows, p_as_of, p_actor, p_detail);
END
$$;
COMMENT ON FUNCTION pgretain.append IS
	'appends one entry and gives its number; the last statement of the transaction that did the work, '
	'because it holds the head until that ends';
COMMENT ON FUNCTION pgretain.append_any IS 'the same for every kind of entry: for the schema''s own functions';

CREATE FUNCTION pgretain.request_certified(p_request uuid, p_digest text, p_standing text, p_seen text, p_actor text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r	pgretain.request;
BEGIN
	SELECT * INTO r FROM pgretain.request x WHERE x.id = p_request AND x.executed_at IS NOT NULL FOR SHARE;
	IF NOT FOUND OR p_digest !~ '^sha256:[0-9a-f]{64}$' OR p_standing NOT IN ('final', 'interim', 'void') THEN
		RAISE EXCEPTION 'nothing to certify' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF pgretain.request_seen(r.id) IS DISTINCT FROM p_seen THEN
		RETURN false;
	END IF;
	IF p_standing <> 'void' AND EXISTS (SELECT FROM pgretain.request_faults(r.id)) OR p_standing = 'final' AND (r.state <> 'completed'
		OR EXISTS (SELECT FROM pgretain.request_item i WHERE i.request = r.id AND (i.deferred + i.held + i.quarantined + i.failed > 0
			OR i.retained > i.unchanged AND i.grounds = '[]'))) THEN
		RAISE EXCEPTION 'it does not stand so' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM pgretain.append_any('request', r.id, NULL, NULL, 'certificate', NULL, NULL, p_actor,
		jsonb_build_object('certificate', p_digest, 'standing', p_standing, 'final', p_standing = 'final', 'state', r.state,
			'items', pgretain.request_items(r.id))::text);
	RETURN true;
END
$$;
COMMENT ON FUNCTION pgretain.request_certified IS
	'the entry of a certificate: the hash of what was handed out, how it stands, and the items as they are stored; '
	'false: the request has moved on since it was seen';
