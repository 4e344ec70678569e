-- $1: the head that stands in the log outside now.
SELECT pgretain.head_kept($1::bigint)
