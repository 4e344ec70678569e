-- Roles that init has yet to make, and whether it may. No row: none is missing.
SELECT string_agg(w.role, ' ' ORDER BY w.role) AS missing,
	(SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may
FROM unnest(ARRAY['pgretain_runner', 'pgretain_clerk', 'pgretain_approver', 'pgretain_auditor']) AS w (role)
WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = w.role)
HAVING count(*) > 0
