-- Requests that wait for nothing but backups.
SELECT r.id FROM pgretain.request AS r WHERE r.state = 'backup_pending' ORDER BY r.id
