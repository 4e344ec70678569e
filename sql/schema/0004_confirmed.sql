-- What a run may use: the first run of a rule, and one that became shorter, need a plan that somebody
-- has seen.

CREATE TABLE pgretain.confirmed (
	rule		text		PRIMARY KEY,
	definition	text		NOT NULL,
	fingerprint	text		NOT NULL,
	confirmed_at	timestamptz	NOT NULL,
	confirmed_by	text		NOT NULL
);
COMMENT ON TABLE pgretain.confirmed IS 'per rule the definition that runs may use; changed by pgretain.confirm alone';
COMMENT ON COLUMN pgretain.confirmed.rule IS 'name of the rule';
COMMENT ON COLUMN pgretain.confirmed.definition IS 'its definition, canonical JSON';
COMMENT ON COLUMN pgretain.confirmed.fingerprint IS 'fingerprint of the plan that was seen';
COMMENT ON COLUMN pgretain.confirmed.confirmed_at IS 'when';
COMMENT ON COLUMN pgretain.confirmed.confirmed_by IS 'by whom';

CREATE FUNCTION pgretain.confirm(p_rule text, p_definition text, p_fingerprint text, p_actor text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO pgretain.confirmed AS c (rule, definition, fingerprint, confirmed_at, confirmed_by)
	VALUES (p_rule, p_definition, p_fingerprint, clock_timestamp(), p_actor)
	ON CONFLICT (rule) DO UPDATE SET definition = excluded.definition, fingerprint = excluded.fingerprint,
		confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by;
	RETURN pgretain.append('confirm', NULL, p_rule, NULL, NULL, NULL, NULL, p_actor,
		jsonb_build_object('fingerprint', p_fingerprint,
			'definition', pgretain.rule_text_put(p_definition))::text);
END
$$;
COMMENT ON FUNCTION pgretain.confirm IS
	'lets runs use this definition of the rule, and says so in the ledger; gives the entry''s number';
