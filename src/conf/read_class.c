/* Retention classes: the law and the policy. */
#include "conf/sections.h"

const char *const action_words[] = { "delete", "anonymize", "quarantine", NULL };

#define TERM(field) offsetof(struct term, field)

/* "start" is what the rule starts with anyway. */
static bool read_from(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *name = conf_name_read(r, s);

	(void)key;
	if (name && !streq(name, "start"))
		((struct term *)into)->from = name;
	return name;
}

static bool read_on_null(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	static const char *const words[] = { "wait", "ignore", NULL };
	const struct conf_key word = { .name = key->name, .type = &conf_word, .words = words };
	int choice = 0;

	if (!conf_word.read(r, &word, s, &choice))
		return false;
	((struct term *)into)->ignore_null = choice == 1;
	return true;
}

static const struct conf_type event_from = { "event", "the name of an event", read_from };
static const struct conf_type on_null = { "word", "wait, ignore", read_on_null };

#define KEEP_KEY { "keep", &conf_period, TERM(keep), TERM(keep_text), TERM(has_keep), \
	  .meaning = "how long, counted from the event" }
#define FROM_KEY { "from", &event_from, \
	  .meaning = "the event that starts it; else the rule's own start" }

static const struct conf_key floor_keys[] = {
	KEEP_KEY,
	FROM_KEY,
	{ "basis", &conf_text, TERM(basis), .meaning = "the law that demands it" },
	{ 0 },
};

static const struct conf_key standard_keys[] = {
	{ "name", &conf_text, TERM(name), .meaning = "what explain calls it" },
	KEEP_KEY,
	FROM_KEY,
	{ "until", &conf_name, TERM(until),
	  .meaning = "instead of keep: the event whose column says until when" },
	{ "purpose", &conf_text, TERM(purpose), .meaning = "what the rows are kept for" },
	{ "consent", &conf_bool, TERM(consent), .meaning = "ends when consent is withdrawn" },
	{ "survives_erasure", &conf_bool, TERM(survives_erasure),
	  .meaning = "counts after an erasure request too" },
	{ "on_null", &on_null,
	  .meaning = "its event is NULL: the row waits, or there is no such reason" },
	{ 0 },
};

static void standard_init(void *into)
{
	((struct term *)into)->kind = TERM_STANDARD;
}

static void floor_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	struct term *t = into;

	t->survives_erasure = true;
	if (!conf_has(s, "keep"))
		conf_wrong(r, conf_loc(r, s), "allowed: keep = \"3 years\"",
			   "a floor without a period: keep is missing");
	if (!conf_has(s, "basis"))
		conf_warn(r, conf_loc(r, s), "write basis = \"…\"",
			  "a floor that does not name its law");
}

static void standard_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	static const char allowed[] =
		"allowed: keep = \"2 years\", or until = an event with a column";

	(void)into;
	if (!conf_has(s, "keep") && !conf_has(s, "until"))
		conf_wrong(r, conf_loc(r, s), allowed,
			   "a standard with neither keep nor until: nobody could say when it ends");
	if (conf_has(s, "keep") && conf_has(s, "until"))
		conf_bad(r, config_setting_get_member(s, "until"), "one of keep and until",
			 "the standard has keep too");
	if (conf_has(s, "from") && conf_has(s, "until"))
		conf_bad(r, config_setting_get_member(s, "from"), "from beside keep only",
			 "the standard has until, which starts at no event");
}

const struct conf_section section_floor = {
	"floor", floor_keys, sizeof(struct term), TERM(loc), NULL, floor_check,
};
const struct conf_section section_standard = {
	"standard", standard_keys, sizeof(struct term), TERM(loc), standard_init, standard_check,
};

#define CLASS(field) offsetof(struct retention_class, field)

static const struct conf_key class_keys[] = {
	{ "title", &conf_text, CLASS(title), .meaning = "what it is called in reports" },
	{ "floor", &conf_items, CLASS(terms), CLASS(nterms), .section = &section_floor,
	  .meaning = "statutory minimums; nothing shortens them" },
	{ "standards", &conf_items, CLASS(terms), CLASS(nterms), .section = &section_standard,
	  .meaning = "further reasons to keep; the longest counts" },
	{ "cap", &conf_period, CLASS(cap), CLASS(cap_text), CLASS(has_cap),
	  .meaning = "standards end here at the latest; floors and holds do not" },
	{ "zone", &conf_zone, CLASS(zone),
	  .meaning = "whose days are counted, and the zone of zoneless columns" },
	{ "action", &conf_word, CLASS(action), .min = ACTION_DELETE, .words = action_words,
	  .meaning = "what happens to due rows, unless the rule says otherwise" },
	{ "k", &conf_int, CLASS(k), .min = 1, .max = 1000000,
	  .meaning = "smallest group after anonymizing; below it rows are called pseudonymized" },
	{ "vault", &conf_period, CLASS(vault), CLASS(vault_text), CLASS(has_vault),
	  .meaning = "time from quarantine to purge" },
	{ "plausible_from", &conf_date, CLASS(plausible_from),
	  .meaning = "starts before this day are anomalous" },
	{ 0 },
};

/* Floors first, each kind in file order. */
static void order_terms(struct conf_reader *r, struct retention_class *c)
{
	struct term *sorted = arena_alloc(r->arena, (c->nterms + 1) * sizeof(*sorted));
	size_t n = 0;

	for (int kind = TERM_FLOOR; kind <= TERM_STANDARD; kind++)
		for (size_t i = 0; i < c->nterms; i++)
			if ((int)c->terms[i].kind == kind)
				sorted[n++] = c->terms[i];
	c->terms = sorted;
}

/* explain names the winner: each standard needs a name of its own. */
static void name_standards(struct conf_reader *r, struct retention_class *c)
{
	int number = 0;

	for (size_t i = 0; i < c->nterms; i++) {
		struct term *t = &c->terms[i];

		if (t->kind != TERM_STANDARD)
			continue;
		number++;
		if (!t->name)
			t->name = arena_printf(r->arena, "standard %d", number);
		for (size_t j = 0; j < i; j++)
			if (c->terms[j].kind == TERM_STANDARD && streq(c->terms[j].name, t->name))
				conf_wrong(r, t->loc, "rename one of the two",
					   "standard %s is defined twice in class \"%s\", "
					   "first at %s:%d",
					   conf_quoted(r, t->name), c->name, c->terms[j].loc.file,
					   c->terms[j].loc.line);
	}
}

static void class_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	struct retention_class *c = into;

	order_terms(r, c);
	name_standards(r, c);
	if (!c->nterms && !conf_is_lost(r, "class", c->name, "floor") &&
	    !conf_is_lost(r, "class", c->name, "standards"))
		conf_wrong(r, conf_loc(r, s),
			   "allowed: floor = ( { keep; basis; } ), "
			   "standards = ( { name; keep or until; } )",
			   "class \"%s\" has no floor and no standard: "
			   "nothing says how long its rows are kept", c->name);
}

const struct conf_section section_class = {
	"class", class_keys, sizeof(struct retention_class), CLASS(loc), NULL, class_check,
};
