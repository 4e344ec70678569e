/* JSON objects with keys in the order they were set. Every function takes what it is given and never
 * fails: out of memory ends the process, text that is not UTF-8 gets U+FFFD in its place. */
#ifndef PGRETAIN_REPORT_JSON_H
#define PGRETAIN_REPORT_JSON_H

#include "base/strbuf.h"

#include <jansson.h>
#include <stdio.h>

/* NULL gives null. */
json_t *json_text(const char *s) must_use;
json_t *json_count(int64_t n) must_use;
/* With at most `digits` (0 .. 6) behind the point. */
json_t *json_decimal(double x, int digits) must_use;

/* Puts `value` in and takes over its reference. */
void json_put(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, json_t *value);

/* Appends the text and a newline; pretty: indented by 2, else on one line. */
void json_render(struct strbuf *sb, const json_t *value, bool pretty);
/* The same to a file, of any length; what the file does not take its ferror() tells. */
void json_print(FILE *file, const json_t *value, bool pretty);

#endif
