/* Cron expressions: the next minute is one that matches, and none before it does. */
#include "fuzz.h"

#include "base/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct cron c;
	struct diag d = DIAG_INIT;
	int64_t after = 14000000 + (int64_t)size * 1009, next;

	if (!cron_parse(text, &c, &d)) {
		CLAIM(d.cls == DIAG_CONFIG && *d.message);
	} else if (cron_next_local(&c, after, &next)) {
		CLAIM(next > after && cron_match(&c, next));
		for (int64_t m = after + 1; m < next && m < after + 3000; m++)
			CLAIM(!cron_match(&c, m));
	}
	free(text);
	return 0;
}
