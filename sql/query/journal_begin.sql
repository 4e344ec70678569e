-- The log outside is kept from now on.
SELECT pgretain.journal_begin()
