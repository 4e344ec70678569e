-- Notices to recipients that the configuration ($1: its names) does not know any more can't be delivered.
UPDATE pgretain.notice AS n SET state = 'failed', reason = 'the recipient is not configured'
WHERE n.state = 'waiting' AND n.recipient <> ALL ($1::text[])
RETURNING n.id, n.request, n.recipient
