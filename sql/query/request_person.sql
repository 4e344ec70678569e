-- The person with key $1, as the database spells it.
SELECT s.:key::text AS key FROM :relation AS s WHERE s.:key = $1::text:::type LIMIT 1
