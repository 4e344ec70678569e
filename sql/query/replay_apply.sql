-- Puts what was read from the log in place; $1: the actor.
SELECT a.tbl, a.rows FROM pgretain.replay_apply($1::text) AS a
