#include "backup/forecast.h"

static int days_of_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

int64_t forecast_add(int64_t instant, const struct period *p)
{
	int64_t days = instant / USECS_PER_DAY, rest = instant % USECS_PER_DAY, year;
	int month, day, months;

	if (rest < 0) {
		days--;
		rest += USECS_PER_DAY;
	}
	instant_civil_from_days(days, &year, &month, &day);
	months = month - 1 + p->months;
	year += months / 12;
	month = months % 12 + 1;
	if (day > days_of_month(year, month))
		day = days_of_month(year, month);
	return (instant_days_from_civil(year, month, day) + p->days) * USECS_PER_DAY + rest + p->usecs;
}

static struct backup_set *named(struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->sets.n; i++)
		if (streq(l->sets.v[i].name, name))
			return &l->sets.v[i];
	return NULL;
}

/* Does it stand on its own? */
static bool is_full(const struct backup_set *s)
{
	return !s->depends_on.n && !streq(s->kind, "wal");
}

static bool same_group(const struct backup_set *a, const struct backup_set *b)
{
	return streq_null(a->group, b->group);
}

static void no_end(struct backup_set *s, const char *why)
{
	s->until = NO_INSTANT;
	s->until_why = why;
}

/* The next full one of the group: when it is `keep` old, this one goes. */
static void by_next_full(struct listing *l, struct backup_set *s, const struct period *keep, const char *text)
{
	const struct backup_set *next = NULL;

	for (size_t i = 0; i < l->sets.n; i++) {
		const struct backup_set *x = &l->sets.v[i];

		if (x != s && is_full(x) && same_group(x, s) && x->stop > s->stop && (!next || x->stop < next->stop))
			next = x;
	}
	if (!next) {
		no_end(s, arena_printf(l->a, "the newest full backup: stays until a newer one is %s old", text));
		return;
	}
	s->until = forecast_add(next->stop, keep);
	s->until_why = arena_printf(l->a, "when %s is %s old", next->name, text);
}

static bool expires_by_next_full(const struct backup_store *store)
{
	return streq(store->kind, "pgbackrest") || streq(store->kind, "barman");
}

static void of_full(const struct backup_store *store, struct listing *l, struct backup_set *s, const struct period *keep)
{
	if (s->kept)
		no_end(s, "marked to be kept: no end");
	else if (s->expires != NO_INSTANT) {
		s->until = s->expires;
		s->until_why = "as its tool says";
	} else if (!store->keep)
		no_end(s, "no end is known: key \"keep\" is not set");
	else if (s->stop == NO_INSTANT)
		no_end(s, "no end is known: its time is not told");
	else if (expires_by_next_full(store))
		by_next_full(l, s, keep, store->keep);
	else {
		s->until = forecast_add(s->stop, keep);
		s->until_why = arena_printf(l->a, "kept for %s", store->keep);
	}
}

/* A set goes with the first one that it needs; nothing that it needs can go before it. */
static void of_dependent(struct listing *l, struct backup_set *s)
{
	if (s->kept) {
		no_end(s, "marked to be kept: no end");
		return;
	}
	s->until_why = "with what it depends on";
	for (size_t i = 0; i < s->depends_on.n; i++) {
		const struct backup_set *on = named(l, s->depends_on.v[i]);

		if (on && is_full(on) && on->until != NO_INSTANT && (s->until == NO_INSTANT || on->until < s->until))
			s->until = on->until;
	}
	if (s->until == NO_INSTANT)
		s->until_why = "with what it depends on, which has no known end";
}

/* WAL follows the oldest backup that is left: what is older than the start of the newest one stays until all
 * others are gone. */
static void of_wal(struct listing *l, struct backup_set *wal)
{
	const struct backup_set *newest = NULL;

	wal->until_why = "with the oldest backup that needs it";
	for (size_t i = 0; i < l->sets.n; i++) {
		const struct backup_set *s = &l->sets.v[i];

		if (!is_full(s) || !same_group(s, wal))
			continue;
		if (!newest || s->stop > newest->stop)
			newest = s;
	}
	for (size_t i = 0; i < l->sets.n; i++) {
		const struct backup_set *s = &l->sets.v[i];

		if (!is_full(s) || !same_group(s, wal) || s == newest)
			continue;
		if (s->until == NO_INSTANT) {
			no_end(wal, arena_printf(l->a, "%s needs it, which has no known end", s->name));
			return;
		}
		if (s->until > wal->until)
			wal->until = s->until;
	}
	if (wal->until == NO_INSTANT && newest)
		wal->until_why = "stays until a newer full backup lets it go";
}

void forecast(const struct backup_store *store, int64_t now, struct listing *l)
{
	struct period keep = { 0, 0, 0 };
	const char *why;

	(void)now;
	if (store->keep)
		BUG_ON(!period_parse(store->keep, &keep, &why));
	for (size_t i = 0; i < l->sets.n; i++)
		if (is_full(&l->sets.v[i]))
			of_full(store, l, &l->sets.v[i], &keep);
	for (size_t i = 0; i < l->sets.n; i++)
		if (l->sets.v[i].depends_on.n)
			of_dependent(l, &l->sets.v[i]);
	for (size_t i = 0; i < l->sets.n; i++)
		if (streq(l->sets.v[i].kind, "wal"))
			of_wal(l, &l->sets.v[i]);
}
