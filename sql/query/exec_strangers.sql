-- Does the table $1, or what is below it, hold a relation with storage that is not among $2?
WITH RECURSIVE below(oid) AS (
	SELECT $1::oid
	UNION
	SELECT i.inhrelid FROM below AS b JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid
)
SELECT EXISTS (SELECT FROM below AS b JOIN pg_catalog.pg_class AS c ON c.oid = b.oid
	WHERE c.relkind <> 'p' AND c.oid <> ALL($2::oid[]))
