-- Identifiers ($2) of requests ($1) that are in the tables again; gives the requests of which that is news.
SELECT pgretain.suppression_found($1::uuid[], $2::text[])
