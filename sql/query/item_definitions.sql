-- The rules of plans $1.
SELECT p.plan, p.rule, p.definition FROM pgretain.plan_definition AS p WHERE p.plan = ANY($1::text[])
