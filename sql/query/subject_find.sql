-- Whom an identifier means, at any time: their keys. $1: its value, as somebody wrote it.
SELECT DISTINCT s.:key::text AS key FROM :relation AS s WHERE :value = :wanted AND s.:key IS NOT NULL ORDER BY 1
