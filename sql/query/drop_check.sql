-- Under the lock of a partition: all its rows, and those that may not go.
SELECT count(*), count(*) FILTER (WHERE (:ready) IS NOT TRUE) FROM :relation AS t
