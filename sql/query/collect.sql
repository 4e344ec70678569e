-- Where the rows are that are ready to go, at most :limit.
-- The first condition is true of every row: a range of ctids is read through all of shared_buffers, where
-- a sequential scan would write each page that it prunes through its ring of a few.
SELECT :columns FROM :relation AS t WHERE t.ctid >= '(0,0)' AND (:ready) LIMIT :limit
