/* Start events: the columns that start a clock. */
#include "conf/sections.h"

static const char *const unit_words[] = { "s", "ms", "us", "yyyymmdd", NULL };

#define CLOCK_ALLOWED \
	"\"column\", [ \"a\", \"b\" ], { latest = [ … ]; }, { column = \"at\"; unit = \"ms\"; }"
#define COLUMN(field) offsetof(struct clock_column, field)

static const struct conf_key column_keys[] = {
	{ "column", &conf_name, COLUMN(column), .required = true, .meaning = "the column" },
	{ "unit", &conf_word, COLUMN(unit), .min = UNIT_S, .words = unit_words,
	  .meaning = "what an integer counts: seconds, … since 1970, or the digits of a day" },
	{ 0 },
};

const struct conf_section section_start_column = {
	"start column", column_keys, sizeof(struct clock_column), COLUMN(loc), NULL, NULL,
};

static bool column_read(struct conf_reader *r, const config_setting_t *s, struct clock_column *into)
{
	if (config_setting_is_group(s)) {
		conf_read_section(r, s, &section_start_column, NULL, into);
		return into->column;
	}
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return conf_bad(r, s, CLOCK_ALLOWED, "not a column");
	into->column = conf_name_read(r, s);
	into->loc = conf_loc(r, s);
	return into->column;
}

static bool columns_read(struct conf_reader *r, const config_setting_t *s, struct clock *into)
{
	int n = conf_count(s);
	bool ok = true;

	if (!n)
		return conf_bad(r, s, CLOCK_ALLOWED, "the list is empty");
	into->columns = arena_alloc(r->arena, (size_t)n * sizeof(*into->columns));
	for (int i = 0; i < n; i++) {
		struct clock_column *c = &into->columns[into->n];

		if (!column_read(r, conf_elem(s, i), c)) {
			ok = false;
			continue;
		}
		for (size_t j = 0; j < into->n; j++)
			if (streq(into->columns[j].column, c->column))
				ok = conf_bad(r, s, NULL, "column %s stands twice", conf_quoted(r, c->column));
		into->n++;
	}
	return ok;
}

static bool read_latest(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	struct clock *clock = into;

	(void)key;
	clock->mode = CLOCK_LATEST;
	return columns_read(r, s, clock);
}

static const struct conf_type latest_columns = { "columns", "[ \"a\", \"b\" ]", read_latest };

static const struct conf_key latest_keys[] = {
	{ "latest", &latest_columns, .required = true,
	  .meaning = "columns of which the latest value counts" },
	{ 0 },
};

const struct conf_section section_start_latest = {
	"latest start", latest_keys, sizeof(struct clock), 0, NULL, NULL,
};

static bool clock_read(struct conf_reader *r, const config_setting_t *s, struct clock *into)
{
	into->loc = conf_loc(r, s);
	if (!conf_has(s, "latest"))
		return columns_read(r, s, into);
	conf_read_section(r, s, &section_start_latest, NULL, into);
	return into->n;
}

static bool read_start(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	(void)key;
	return clock_read(r, s, &((struct rule *)into)->start);
}

static bool read_events(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	struct rule *rule = into;
	int n;

	if (!config_setting_is_group(s))
		return conf_bad(r, s, conf_allowed(r, key), "not a group");
	n = config_setting_length(s);
	rule->events = arena_alloc(r->arena, (size_t)(n + 1) * sizeof(*rule->events));
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		struct event *event = &rule->events[rule->nevents];

		if (source_of(e)->twice)
			continue;
		if (streq(config_setting_name(e), "start")) {
			conf_bad(r, e, "start = … of the rule", "an event can't be called start");
			continue;
		}
		event->name = arena_strdup(r->arena, config_setting_name(e));
		if (!clock_read(r, e, &event->clock))
			conf_lose(r, "events", rule->name, event->name);
		rule->nevents++;
	}
	return true;
}

const struct conf_type conf_start = { "start", CLOCK_ALLOWED, read_start };
const struct conf_type conf_events = { "events", "{ EVENT = " CLOCK_ALLOWED "; … }", read_events };
