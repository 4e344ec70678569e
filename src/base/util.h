/* Small things that every file needs: cleanup attributes, array sizes, impossible states. */
#ifndef PGRETAIN_BASE_UTIL_H
#define PGRETAIN_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define must_use __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* AUTO(fn) on a pointer variable: fn(&variable) when it leaves scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))
/* Takes the value out of an AUTO variable, which then frees nothing. */
#define STEAL(p) ({ __typeof__(p) stolen_ = (p); (p) = NULL; stolen_; })
/* Defines fn##_auto(&p) for a function that frees a type *. */
#define AUTO_DEFINE(type, fn) \
	static inline void fn##_auto(type **p) { if (*p) fn(*p); }

void auto_free(void *pp);		/* for AUTO(auto_free) char *x */

static inline bool streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
/* Equal, or both NULL. */
static inline bool streq_null(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

/* The impossible: says where, aborts. main() turns nothing into exit 70; abort is the truth. */
#define BUG_ON(cond) do { if (__builtin_expect(!!(cond), 0)) bug(__FILE__, __LINE__, #cond); } while (0)
void bug(const char *file, int line, const char *what) __attribute__((noreturn));

/* malloc and friends that never return NULL: out of memory ends the process with exit 70. */
void *xmalloc(size_t n) must_use;
void *xcalloc(size_t n, size_t size) must_use;
void *xrealloc(void *p, size_t n) must_use;
char *xstrdup(const char *s) must_use;

#endif
