#include "plan/calling.h"

static const struct { char country[3]; const char *code; } codes[] = {
#define CALLING(country, code) { #country, #code },
#include "plan/calling.def"
#undef CALLING
};

const char *calling_code(const char *country)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (streq(codes[i].country, country))
			return codes[i].code;
	return NULL;
}

bool calling_keeps_nought(const char *country)
{
	return streq(country, "IT") || streq(country, "SM") || streq(country, "VA");
}
