-- How often the holds have changed.
SELECT e.epoch FROM pgretain.hold_epoch AS e
