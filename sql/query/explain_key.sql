-- Whether a value can be compared with the column: the server reads it as the column's type.
SELECT 1 FROM :from WHERE :key LIMIT 0
