-- Rows of a rule, counted no further than :limit.
SELECT count(*) FROM (SELECT 1 FROM :from WHERE :where LIMIT :limit) AS x
