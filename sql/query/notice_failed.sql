-- Notices that nobody will deliver unless a human looks; $1: of these requests alone, or NULL.
SELECT count(*) FROM pgretain.notice AS n WHERE n.state = 'failed' AND ($1::uuid[] IS NULL OR n.request = ANY($1::uuid[]))
