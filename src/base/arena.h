/* Arena: memory with one lifetime (process, plan, unit). Nothing in it is freed alone. */
#ifndef PGRETAIN_BASE_ARENA_H
#define PGRETAIN_BASE_ARENA_H

#include "base/util.h"

struct arena;

struct arena *arena_new(void) must_use;
void arena_free(struct arena *a);
AUTO_DEFINE(struct arena, arena_free)

void *arena_alloc(struct arena *a, size_t n) must_use;			/* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s) must_use;		/* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n) must_use;
char *arena_printf(struct arena *a, const char *fmt, ...) must_use printf_like(2, 3);

/* A growing array of `type` in an arena: struct { type *v; size_t n, cap; }. */
#define VEC(type) struct { type *v; size_t n, cap; }
/* Appends a zeroed element and gives its address. */
#define vec_add(a, vec) \
	((__typeof__((vec)->v))vec_grow((a), (void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)))
#define vec_push(a, vec, value) (*vec_add((a), (vec)) = (value))
void *vec_grow(struct arena *a, void **v, size_t *n, size_t *cap, size_t size);

#endif
