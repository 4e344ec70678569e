-- The dates of the row's clocks, as text. A row that follows others has its parent's.
SELECT :values FROM :from WHERE :key LIMIT 1
