-- Was an archive of store $1 rewritten since $2?
SELECT EXISTS (SELECT FROM pgretain.backup_set AS s WHERE s.store = $1::text AND s.rewritten_at > $2::timestamptz)
