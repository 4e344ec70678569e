-- Legal holds. A batch that destroys takes the lock shared as its first statement (hold_lock_shared);
-- whoever places or changes a hold takes it exclusively, by the trigger: a hold is either seen by a
-- batch, or waits until that batch has ended.

CREATE TABLE pgretain.hold_epoch (
	one	boolean	PRIMARY KEY DEFAULT true CHECK (one),
	epoch	bigint	NOT NULL
);
INSERT INTO pgretain.hold_epoch (epoch) VALUES (0);
COMMENT ON TABLE pgretain.hold_epoch IS 'how often the holds have changed; each batch records what it saw';
COMMENT ON COLUMN pgretain.hold_epoch.one IS 'there is one row';
COMMENT ON COLUMN pgretain.hold_epoch.epoch IS 'number of changes';

CREATE TABLE pgretain.hold (
	id			uuid		PRIMARY KEY,
	scope			text		NOT NULL CHECK (scope IN ('subject', 'table', 'class', 'rows', 'all')),
	target			text,
	subject_type		text,
	subject_key		text,
	condition		text,
	reason			text		NOT NULL CHECK (reason <> ''),
	state			text		NOT NULL DEFAULT 'active'
		CHECK (state IN ('draft', 'active', 'review_due', 'release_pending', 'released')),
	review_at		timestamptz,
	placed_at		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	placed_by		text		NOT NULL,
	release_asked_at	timestamptz,
	release_asked_by	text,
	released_at		timestamptz,
	released_by		text,
	CHECK ((scope IN ('table', 'class', 'rows')) = (target IS NOT NULL)),
	CHECK ((scope = 'subject') = (subject_type IS NOT NULL AND subject_key IS NOT NULL)),
	CHECK ((scope = 'rows') = (condition IS NOT NULL)),
	CHECK ((state = 'released') = (released_at IS NOT NULL))
);
CREATE INDEX hold_open ON pgretain.hold (scope) WHERE state <> 'released';
COMMENT ON TABLE pgretain.hold IS
	'legal holds; one in state active, review_due or release_pending keeps its rows, draft and released keep none';
COMMENT ON COLUMN pgretain.hold.id IS 'the hold''s UUID';
COMMENT ON COLUMN pgretain.hold.scope IS 'what it covers: subject, table (a rule''s), class, rows, all';
COMMENT ON COLUMN pgretain.hold.target IS 'rule (scope table, rows) or class';
COMMENT ON COLUMN pgretain.hold.subject_type IS 'scope subject: type of the person''s identity';
COMMENT ON COLUMN pgretain.hold.subject_key IS 'scope subject: surrogate key; personal data, never in the ledger';
COMMENT ON COLUMN pgretain.hold.condition IS 'scope rows: SQL condition on the rule''s table';
COMMENT ON COLUMN pgretain.hold.reason IS 'reference of the case';
COMMENT ON COLUMN pgretain.hold.state IS 'draft, active, review_due, release_pending, released';
COMMENT ON COLUMN pgretain.hold.review_at IS 'when somebody must look again; nothing is released by it';
COMMENT ON COLUMN pgretain.hold.placed_at IS 'when it was placed';
COMMENT ON COLUMN pgretain.hold.placed_by IS 'by whom';
COMMENT ON COLUMN pgretain.hold.release_asked_at IS 'when the first person asked for its release';
COMMENT ON COLUMN pgretain.hold.release_asked_by IS 'who asked';
COMMENT ON COLUMN pgretain.hold.released_at IS 'when it was released';
COMMENT ON COLUMN pgretain.hold.released_by IS 'by whom';
COMMENT ON INDEX pgretain.hold_open IS 'the holds that may keep rows';

CREATE FUNCTION pgretain.hold_lock_shared() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'holds are read under READ COMMITTED only: an older snapshot would miss one'
			USING ERRCODE = 'invalid_transaction_state';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(1885827685, 2);
	RETURN (SELECT epoch FROM pgretain.hold_epoch);
END
$$;
COMMENT ON FUNCTION pgretain.hold_lock_shared IS
	'first statement of every batch that destroys: until its end no hold is placed; gives the epoch';

CREATE FUNCTION pgretain.hold_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(1885827685, 2);
	UPDATE pgretain.hold_epoch SET epoch = epoch + 1;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION pgretain.hold_changes IS 'trigger: takes the lock of all batches exclusively and counts the epoch';

CREATE TRIGGER changes BEFORE INSERT OR UPDATE ON pgretain.hold
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.hold_changes();
ALTER TABLE pgretain.hold ENABLE ALWAYS TRIGGER changes;
COMMENT ON TRIGGER changes ON pgretain.hold IS 'no hold is placed or released beside the lock';

CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON pgretain.hold
	FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();
ALTER TABLE pgretain.hold ENABLE ALWAYS TRIGGER stays;
COMMENT ON TRIGGER stays ON pgretain.hold IS 'holds are released, never removed';
