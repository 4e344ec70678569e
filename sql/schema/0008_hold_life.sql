-- Holds by identifier, and what may become of a hold: draft -> active <-> review_due ->
-- release_pending -> released. What it covers never changes.

ALTER TABLE pgretain.hold
	ADD COLUMN relation		text,
	ADD COLUMN identifier		text,
	ADD COLUMN identifier_value	text,
	ADD COLUMN subject_keys		text[]	NOT NULL DEFAULT '{}',
	ADD COLUMN reviewed_at		timestamptz,
	ADD COLUMN reviewed_by		text,
	DROP CONSTRAINT hold_scope_check,
	ADD CONSTRAINT hold_scope_check CHECK (scope IN ('subject', 'identifier', 'table', 'class', 'rows', 'all')),
	ADD CONSTRAINT hold_identifier_check CHECK ((scope = 'identifier') = (identifier IS NOT NULL)
		AND (scope <> 'identifier' OR subject_type IS NOT NULL));
COMMENT ON COLUMN pgretain.hold.relation IS
	'scope table, rows: the rule''s table when it was placed: the hold stays there when the rule gets another name';
COMMENT ON COLUMN pgretain.hold.identifier IS 'scope identifier: its name; subject_type says of whom';
COMMENT ON COLUMN pgretain.hold.identifier_value IS
	'scope identifier: normalised; personal data, never in the ledger, gone with the first run after the release';
COMMENT ON COLUMN pgretain.hold.subject_keys IS
	'scope identifier: the persons that it meant when it was placed, who stay under it whatever their identifiers become; personal data';
COMMENT ON COLUMN pgretain.hold.reviewed_at IS 'when somebody last looked and kept it';
COMMENT ON COLUMN pgretain.hold.reviewed_by IS 'who';

CREATE FUNCTION pgretain.hold_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF OLD.state = 'released' AND NEW.state <> 'released' THEN
		RAISE EXCEPTION 'a released hold stays released: place another one'
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	IF NEW.state = 'draft' AND OLD.state <> 'draft' THEN
		RAISE EXCEPTION 'a hold in force is no draft any more'
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	IF (NEW.id, NEW.scope, NEW.target, NEW.relation, NEW.subject_type, NEW.subject_key, NEW.condition, NEW.identifier,
			NEW.subject_keys, NEW.placed_at, NEW.placed_by)
		IS DISTINCT FROM (OLD.id, OLD.scope, OLD.target, OLD.relation, OLD.subject_type, OLD.subject_key,
			OLD.condition, OLD.identifier, OLD.subject_keys, OLD.placed_at, OLD.placed_by)
		OR (NEW.identifier_value IS DISTINCT FROM OLD.identifier_value AND NEW.state <> 'released') THEN
		RAISE EXCEPTION 'what a hold covers never changes: place another one'
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION pgretain.hold_moves IS 'trigger: a hold covers what it covered, and its end is the end';

CREATE TRIGGER moves BEFORE UPDATE ON pgretain.hold FOR EACH ROW EXECUTE FUNCTION pgretain.hold_moves();
ALTER TABLE pgretain.hold ENABLE ALWAYS TRIGGER moves;
COMMENT ON TRIGGER moves ON pgretain.hold IS 'states go one way, scopes stay';

-- Touches nothing, and so waits for no batch, where no review date has passed.
CREATE FUNCTION pgretain.hold_advance() RETURNS TABLE (id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM pgretain.hold h WHERE h.state = 'active' AND h.review_at <= clock_timestamp()) THEN
		RETURN QUERY UPDATE pgretain.hold h SET state = 'review_due'
			WHERE h.state = 'active' AND h.review_at <= clock_timestamp() RETURNING h.id;
	END IF;
	IF EXISTS (SELECT FROM pgretain.hold h WHERE h.state = 'released' AND h.identifier_value IS NOT NULL) THEN
		UPDATE pgretain.hold h SET identifier_value = NULL WHERE h.state = 'released' AND h.identifier_value IS NOT NULL;
	END IF;
END
$$;
COMMENT ON FUNCTION pgretain.hold_advance IS
	'holds whose review date has passed become review_due, and go on holding: gives which; values of released ones go';
