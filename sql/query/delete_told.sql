-- As query/delete, and says of each row what backups from before are searched for.
DELETE FROM :relation AS t WHERE :unit AND :ready RETURNING true, :told
