/* SQL templates: one that is wrong is told to be a bug, and nothing else happens; one without variables and
 * comments stays as it is. */
#include "fuzz.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

#include <setjmp.h>

int __lsan_is_turned_off(void);
const char *__wrap_sqltext_get(const char *name);
void __wrap_bug(const char *file, int line, const char *what) __attribute__((noreturn));

static const char *template;
static jmp_buf told;

/* what was begun when a bug is told is not given back */
int __lsan_is_turned_off(void) { return 1; }

const char *__wrap_sqltext_get(const char *name)
{
	(void)name;
	return template;
}

void __wrap_bug(const char *file, int line, const char *what)
{
	(void)file;
	(void)line;
	(void)what;
	longjmp(told, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tmpl_var vars[] = { { "table", "or\"ders", { NULL } }, { "where", NULL, { "a < $1" } } };
	char *text = fuzz_text(data, size);
	struct arena *a = arena_new();
	const char *said;

	template = text;
	if (setjmp(told) == 0) {
		said = tmpl_render(a, "any", vars, ARRAY_SIZE(vars));
		if (!strchr(text, ':') && !strstr(text, "--"))
			CLAIM(strncmp(said, text, strlen(said)) == 0);
	}
	arena_free(a);
	free(text);
	return 0;
}
