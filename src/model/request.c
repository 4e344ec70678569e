#include "model/request.h"

static const char *const kind_words[] = {
#define REQUEST_KIND(name, word, bit) [REQUEST_KIND_##name] = word,
#include "model/state.def"
#undef REQUEST_KIND
};

static const struct { const char *word; enum request_phase phase; } states[] = {
#define REQUEST_STATE(name, word, phase) [REQUEST_##name] = { word, REQUEST_PHASE_##phase },
#include "model/state.def"
#undef REQUEST_STATE
};

static const struct { const char *word; bool unbegun; } events[] = {
#define ALWAYS	false
#define UNBEGUN	true
#define REQUEST_EVENT(name, word, when) [REQUEST_ON_##name] = { word, when },
#include "model/state.def"
#undef REQUEST_EVENT
#undef ALWAYS
#undef UNBEGUN
};

static const struct request_move moves[] = {
#define REQUEST_MOVE(kinds, from, event, to) { kinds, REQUEST_##from, REQUEST_ON_##event, REQUEST_##to },
#include "model/state.def"
#undef REQUEST_MOVE
};

#define REQUEST_KIND(name, word, bit) \
	_Static_assert((bit) == 1 << REQUEST_KIND_##name, "the bits follow the order of the kinds");
#include "model/state.def"
#undef REQUEST_KIND

const char *request_kind_word(enum request_kind kind)
{
	return kind_words[kind];
}

const char *request_state_word(enum request_state state)
{
	return states[state].word;
}

const char *request_event_word(enum request_event event)
{
	return events[event].word;
}

bool request_kind_parse(const char *word, enum request_kind *ret)
{
	for (unsigned i = 0; i < REQUEST_KINDS; i++)
		if (streq(kind_words[i], word)) {
			*ret = (enum request_kind)i;
			return true;
		}
	return false;
}

bool request_state_parse(const char *word, enum request_state *ret)
{
	for (unsigned i = 0; i < REQUEST_STATES; i++)
		if (streq(states[i].word, word)) {
			*ret = (enum request_state)i;
			return true;
		}
	return false;
}

enum request_phase request_phase_of(enum request_state state)
{
	return states[state].phase;
}

static bool applies(const struct request_move *m, enum request_kind kind, enum request_state from)
{
	return (m->kinds & 1u << kind) && m->from == from;
}

bool request_next(enum request_kind kind, enum request_state from, enum request_event event, enum request_state *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (applies(&moves[i], kind, from) && moves[i].event == event) {
			*to = moves[i].to;
			return true;
		}
	return false;
}

bool request_leads(enum request_kind kind, enum request_state from, enum request_event event, enum request_state to)
{
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (applies(&moves[i], kind, from) && moves[i].event == event && moves[i].to == to)
			return true;
	return false;
}

bool request_unbegun(enum request_event event)
{
	return events[event].unbegun;
}

void request_possible(struct strbuf *sb, enum request_kind kind, enum request_state from, bool begun)
{
	const char *between = "";

	for (unsigned e = 0; e < REQUEST_EVENTS; e++) {
		enum request_state to;

		if (!request_next(kind, from, (enum request_event)e, &to) || (begun && events[e].unbegun))
			continue;
		strbuf_addf(sb, "%s%s", between, events[e].word);
		between = ", ";
	}
	if (!*between)
		strbuf_adds(sb, "nothing");
}

bool request_move_nth(size_t i, struct request_move *ret)
{
	if (i >= ARRAY_SIZE(moves))
		return false;
	*ret = moves[i];
	return true;
}

enum request_state request_derive(const struct request_sums *s)
{
	if (s->failed || s->grown || s->found)
		return REQUEST_BLOCKED;
	if (s->deferred || s->quarantined)
		return REQUEST_PARTIALLY_DEFERRED;
	if (s->held)
		return REQUEST_PARTIALLY_HELD;
	if (!s->scanned)
		return REQUEST_BLOCKED;
	return s->backups ? REQUEST_BACKUP_PENDING : REQUEST_COMPLETED;
}
