/* Configuration: several files in one input, pgretain.cfg the main one. */
#include "fuzz.h"

#include "conf/load.h"

const char *__lsan_default_suppressions(void);

/* libconfig forgets the string in which it has found a fault */
const char *__lsan_default_suppressions(void) { return "leak:libconfig.so"; }

static bool any;

static void put(const char *name, const uint8_t *data, size_t size)
{
	any = true;
	fuzz_put_file(name, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	AUTO(policy_free_auto) struct policy *policy = NULL;
	AUTO_STRBUF text = STRBUF_INIT;
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/pgretain.cfg", fuzz_folder());
	any = false;
	fuzz_files(data, size, put);
	if (!any)
		fuzz_put_file("pgretain.cfg", data, size);
	if (conf_load(path, &policy, &errs))
		CLAIM(policy && errs.errors.n == 0);
	else
		CLAIM(!policy && errs.errors.n > 0);
	for (size_t i = 0; i < errs.errors.n; i++)
		conf_error_text(&errs.errors.v[i], &text);
	CLAIM(!strchr(strbuf_str(&text), '\n'));
	return 0;
}
