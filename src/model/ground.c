#include "model/ground.h"

const struct ground ground_all[] = {
#define GROUND(code, effect, whole, words) { code, GROUND_##effect, whole, words },
#include "model/ground.def"
#undef GROUND
	{ NULL, GROUND_NONE, false, NULL },
};

const struct ground *ground_find(const char *code)
{
	for (const struct ground *g = ground_all; code && g->code; g++)
		if (streq(g->code, code))
			return g;
	return NULL;
}

bool ground_keeps(const struct ground *g)
{
	return g->effect != GROUND_NONE && g->effect != GROUND_HOLD;
}

bool ground_extends(const struct ground *g)
{
	return ground_keeps(g) && g->effect != GROUND_OUT;
}
