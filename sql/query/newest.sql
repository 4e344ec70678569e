-- The last of the newest :limit rows by start and key; no row: the table has fewer.
SELECT :values FROM :from WHERE :present ORDER BY :order OFFSET :limit LIMIT 1
