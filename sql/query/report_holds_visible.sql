-- May this role look at holds? An auditor may not: they name persons.
SELECT has_table_privilege('pgretain.hold', 'SELECT')
