-- Is the session a member of one of the roles $1, or the owner of schema pgretain? Where there is no such schema yet,
-- everybody is told to init.
SELECT current_user::text, coalesce((SELECT pg_has_role(n.nspowner, 'USAGE')
		OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ANY($1::text[]) AND pg_has_role(r.oid, 'USAGE'))
	FROM pg_namespace AS n WHERE n.nspname = 'pgretain'), true)
