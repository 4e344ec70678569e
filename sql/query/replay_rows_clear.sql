-- What was read from the log is in place.
DELETE FROM pgretain.replay_row
