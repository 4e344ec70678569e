-- As query/update, and says of each row, as it was before, what backups from before are searched for.
WITH picked AS (
	SELECT t.ctid AS pgretain_ctid, :told FROM :relation AS t WHERE :unit AND :ready FOR UPDATE
)
UPDATE :relation AS t SET :assignments FROM picked
WHERE t.ctid = picked.pgretain_ctid AND t.tableoid = picked.pgretain_relation
RETURNING :final, :tale
