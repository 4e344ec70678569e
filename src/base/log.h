/* The log on stderr: one line an event, logfmt or JSON. Only cmd/ and the progress of exec call it
 * (through struct log_sink where a lower layer must report). No column values, no key values. */
#ifndef PGRETAIN_BASE_LOG_H
#define PGRETAIN_BASE_LOG_H

#include "base/util.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char *key;
	const char *text;	/* NULL: `number` is the value */
	int64_t number;
};

void log_set_level(enum log_level level);
void log_set_json(bool json);
bool log_level_parse(const char *word, enum log_level *ret) must_use;

void log_fields(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* log_event(LOG_LEVEL_INFO, "run.start", LOG_S("job", name), LOG_I("rows", n)); */
#define LOG_S(k, v) ((struct log_field){ .key = (k), .text = (v) ? (v) : "" })
#define LOG_I(k, v) ((struct log_field){ .key = (k), .number = (v) })
#define log_event(level, event, ...) \
	log_fields((level), (event), (struct log_field[]){ { NULL, NULL, 0 }, ##__VA_ARGS__ } + 1, \
		   ARRAY_SIZE(((struct log_field[]){ { NULL, NULL, 0 }, ##__VA_ARGS__ })) - 1)

#endif
