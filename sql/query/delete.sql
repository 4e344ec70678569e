-- Deletes the rows of one unit (page range, or ctids) that are ready to go.
DELETE FROM :relation AS t WHERE :unit AND :ready
