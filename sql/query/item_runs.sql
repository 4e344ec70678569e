-- The runs that executed these requests ($1).
SELECT x.request, x.run FROM pgretain.request_run AS x WHERE x.request = ANY($1::uuid[])
