-- $1: ids that are in the log outside.
SELECT pgretain.journal_done($1::bigint[])
