-- Whose identifier $1 (:given is its normal form) is or was, and whether it was theirs at $2.
SELECT s.:key::text AS key, bool_or(:valid) AS here FROM :relation AS s
WHERE :value = :given AND s.:key IS NOT NULL GROUP BY 1 ORDER BY 1
