-- Locks the rows of one unit that are ready to go, before anything that depends on them is touched.
SELECT :columns FROM :relation AS t WHERE :unit AND :ready FOR UPDATE :wait
