-- When the rule $1 last changed a row.
SELECT max(l.at) FROM pgretain.ledger AS l WHERE l.kind IN ('batch', 'suppress') AND l.rule = $1
