-- The rules that a plan was made of, as they were. An erasure that waits for the end of a floor goes on by itself; it must not
-- take more, or sooner, than what was approved (domain.md 4).
CREATE TABLE pgretain.plan_definition (
	plan		text	NOT NULL,
	rule		text	NOT NULL,
	definition	text	NOT NULL,
	PRIMARY KEY (plan, rule)
);
COMMENT ON TABLE pgretain.plan_definition IS 'the rules of plans that requests were assessed with';
COMMENT ON COLUMN pgretain.plan_definition.plan IS 'fingerprint of rules, catalogue and statements';
COMMENT ON COLUMN pgretain.plan_definition.rule IS 'the rule, by its name in that plan';
COMMENT ON COLUMN pgretain.plan_definition.definition IS 'what a later rule of this name is compared with';
SELECT pgretain.journal_watch('plan_definition');
