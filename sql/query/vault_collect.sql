-- Rows of a rule that are to be released, and for each the name of a dropped column that holds a value.
DECLARE :cursor NO SCROLL CURSOR WITH HOLD FOR
SELECT v.tableoid, v.ctid, v.pgretain_run, :lost
FROM :vault AS v
WHERE :wanted
ORDER BY v.pgretain_run, v.pgretain_purge_after DESC, v.tableoid, v.ctid
