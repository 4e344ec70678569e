-- Holds whose review date has passed become review_due. Gives their ids.
SELECT a.id FROM pgretain.hold_advance() AS a
