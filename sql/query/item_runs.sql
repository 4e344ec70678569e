-- The runs that executed these requests.
SELECT r.request, r.run FROM pgretain.request_run AS r WHERE r.request = ANY($1::uuid[])
