-- Items of a request that do not balance: rule, why.
SELECT f.rule, f.why FROM pgretain.request_faults($1::uuid) AS f ORDER BY f.rule COLLATE "C", f.why
