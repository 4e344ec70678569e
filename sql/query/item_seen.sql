-- State and items of a request in one word.
SELECT pgretain.request_seen($1::uuid)
