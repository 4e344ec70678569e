-- The rules of plan $1: names $2, definitions $3.
INSERT INTO pgretain.plan_definition AS p (plan, rule, definition)
SELECT $1::text, x.rule, x.definition FROM unnest($2::text[], $3::text[]) AS x(rule, definition)
ON CONFLICT (plan, rule) DO NOTHING
