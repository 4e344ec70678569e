-- Where the rows are that are ready to go, at most :limit.
SELECT t.ctid FROM :relation AS t WHERE :ready LIMIT :limit
