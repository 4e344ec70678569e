-- Puts columns back into the rows that still hold the placeholder.
WITH taken AS (
	DELETE FROM :vault AS v WHERE :unit AND (:orphan) IS NOT TRUE RETURNING :outgoing
), placed AS (
	UPDATE :source AS t SET :assignments FROM taken WHERE :key AND (:open) IS NOT TRUE RETURNING :compared
)
SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM placed),
	(SELECT count(*) FROM (SELECT ROW(:before)::text FROM taken EXCEPT ALL SELECT ROW(placed.*)::text FROM placed) AS x),
	(SELECT count(*) FROM :vault AS v WHERE :unit AND (:orphan))
