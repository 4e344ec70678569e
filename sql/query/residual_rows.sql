-- The rows of one table with their text, read once, in the order in which they lie.
DECLARE residual NO SCROLL CURSOR FOR
SELECT t.tableoid, t.ctid, :text:shown AS text FROM :relation AS t
