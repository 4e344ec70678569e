/* null: nothing is left, not even that there was something. */
#include "ops/anon_op.h"

static bool null_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	(void)a, (void)op;
	if (!an->col.not_null)
		return true;
	anon_refuse(an, d, "the column is NOT NULL");
	diag_hint(d, "use constant, empty or tombstone");
	return false;
}

const struct anon_operator anon_op_null = {
	.name = "null",
	.face = ANON_WIPES,
	.types = "any column that may be NULL",
	.accepts = anon_is_any,
	.bind = null_bind,
};
