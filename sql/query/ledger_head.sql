-- The newest entry as the head tells it.
SELECT seq, encode(hash, 'hex') FROM pgretain.ledger_head
