-- Key $1 as the database writes it, and whether the root has that person.
SELECT ($1::text):::type::text AS key, EXISTS (SELECT 1 FROM :relation AS s WHERE s.:key = ($1::text):::type) AS there
