#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void auto_free(void *pp)
{
	free(*(void **)pp);
}

void bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "pgretain: internal error at %s:%d: %s\n", file, line, what);
	abort();
}

static void *checked(void *p)
{
	if (p)
		return p;
	fputs("pgretain: out of memory\n", stderr);
	_exit(70);
}

void *xmalloc(size_t n) { return checked(malloc(n ? n : 1)); }
void *xcalloc(size_t n, size_t size) { return checked(calloc(n ? n : 1, size ? size : 1)); }
void *xrealloc(void *p, size_t n) { return checked(realloc(p, n ? n : 1)); }
char *xstrdup(const char *s) { return checked(strdup(s)); }
