/* Periods, durations, sizes: what is understood is the same once it is written as a person writes it. */
#include "fuzz.h"

#include "base/period.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), buf[PERIOD_TEXT];
	struct period p, again;
	const char *why = NULL;
	int64_t n = 0;

	if (period_parse(text, &p, &why)) {
		CLAIM(!why && (p.months || p.days || p.usecs) && p.months >= 0 && p.days >= 0 && p.usecs >= 0);
		CLAIM(period_parse(period_format(&p, buf), &again, &why));
		CLAIM(again.months == p.months && again.days == p.days && again.usecs == p.usecs);
		CLAIM(*period_interval(&p, buf));
	} else {
		CLAIM(why);
	}
	CLAIM(duration_parse(text, &n, &why) ? n > 0 && n <= INT32_MAX : why != NULL);
	CLAIM(size_parse(text, &n, &why) ? n > 0 : why != NULL);
	free(text);
	return 0;
}
