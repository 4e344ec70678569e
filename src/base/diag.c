#include "base/diag.h"

#include <stdarg.h>

static const struct {
	int code;
	const char *word;
} classes[] = {
#define DIAG(name, code, word) [DIAG_##name] = { code, word },
#include "base/diag.def"
#undef DIAG
};

int diag_exit_code(enum diag_class cls)
{
	return classes[cls].code;
}

const char *diag_word(enum diag_class cls)
{
	return classes[cls].word;
}

bool diag_fail(struct diag *d, enum diag_class cls, const char *fmt, ...)
{
	va_list ap;

	*d = (struct diag){ .cls = cls };
	va_start(ap, fmt);
	vsnprintf(d->message, sizeof(d->message), fmt, ap);
	va_end(ap);
	return false;
}

void diag_where(struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->where, sizeof(d->where), fmt, ap);
	va_end(ap);
}

void diag_hint(struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->hint, sizeof(d->hint), fmt, ap);
	va_end(ap);
}
