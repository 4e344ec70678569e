-- Moves rows back from the vault. What does not read as it did (a trigger, another type) is counted: then
-- the caller rolls back.
WITH taken AS (
	DELETE FROM :vault AS v WHERE :unit AND (:orphan) IS NOT TRUE RETURNING :outgoing
), placed AS (
	INSERT INTO :source AS t (:into) OVERRIDING SYSTEM VALUE SELECT :incoming FROM taken RETURNING :compared
)
SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM placed),
	(SELECT count(*) FROM (SELECT ROW(:before)::text FROM taken EXCEPT ALL SELECT ROW(placed.*)::text FROM placed) AS x),
	(SELECT count(*) FROM :vault AS v WHERE :unit AND (:orphan))
