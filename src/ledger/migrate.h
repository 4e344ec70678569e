/* Forward-only migrations: the embedded files schema/NNNN_name, each in one transaction. */
#ifndef PGRETAIN_LEDGER_MIGRATE_H
#define PGRETAIN_LEDGER_MIGRATE_H

#include "pg/conn.h"

/* What the database says about the schema, without judging its lineage. */
struct migrate_state {
	bool made;		/* pgretain.migration is there */
	bool schema;		/* schema pgretain is there */
	int version;		/* highest applied; 0 = none */
};
/* A role that may not look: GUARD failure with the GRANT that mends it. */
bool migrate_look(struct conn *c, struct migrate_state *ret, struct diag *d) must_use;

/* Roles, missing migrations, rights. Call under the init lock. */
bool migrate_all(struct conn *c, int *applied, struct diag *d) must_use;

#endif
