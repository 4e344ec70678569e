-- The newest entry of the ledger.
SELECT h.seq FROM pgretain.ledger_head AS h
