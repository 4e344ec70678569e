/* The grounds of ground.def. */
#ifndef PGRETAIN_MODEL_GROUND_H
#define PGRETAIN_MODEL_GROUND_H

#include "base/util.h"

enum ground_effect { GROUND_NONE, GROUND_KEEP, GROUND_HOLD, GROUND_DETACH, GROUND_STRIP, GROUND_OUT };

struct ground {
	const char *code;
	enum ground_effect effect;
	bool whole;
	const char *words;
};

extern const struct ground ground_all[];		/* code NULL ends it */

/* NULL: there is no such ground. */
const struct ground *ground_find(const char *code);
/* Its rows are kept by the plan of a request; a hold keeps by itself. */
bool ground_keeps(const struct ground *g);
/* Its rows are kept from the nightly run too. */
bool ground_extends(const struct ground *g);

#endif
