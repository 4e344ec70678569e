/* The life of a request. Expectations are domain.md 4's own lines, written out here; the table is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "model/request.h"

/* received -> awaiting_identity -> verified -> assessed -> awaiting_approval -> approved -> executing ->
 * partially_deferred | partially_held | backup_pending -> completed, step by step. */
static void test_straight_way(void **state)
{
	static const struct { enum request_state from; enum request_event on; enum request_state to; } steps[] = {
		{ REQUEST_RECEIVED, REQUEST_ON_ASK_IDENTITY, REQUEST_AWAITING_IDENTITY },
		{ REQUEST_AWAITING_IDENTITY, REQUEST_ON_VERIFY, REQUEST_VERIFIED },
		{ REQUEST_RECEIVED, REQUEST_ON_VERIFY, REQUEST_VERIFIED },
		{ REQUEST_VERIFIED, REQUEST_ON_ASSESS, REQUEST_ASSESSED },
		{ REQUEST_ASSESSED, REQUEST_ON_SUBMIT, REQUEST_AWAITING_APPROVAL },
		{ REQUEST_AWAITING_APPROVAL, REQUEST_ON_APPROVE, REQUEST_APPROVED },
		{ REQUEST_APPROVED, REQUEST_ON_EXECUTE, REQUEST_EXECUTING },
		{ REQUEST_EXECUTING, REQUEST_ON_SETTLE, REQUEST_PARTIALLY_DEFERRED },
		{ REQUEST_EXECUTING, REQUEST_ON_SETTLE, REQUEST_PARTIALLY_HELD },
		{ REQUEST_EXECUTING, REQUEST_ON_SETTLE, REQUEST_BACKUP_PENDING },
		{ REQUEST_EXECUTING, REQUEST_ON_SETTLE, REQUEST_COMPLETED },
		{ REQUEST_EXECUTING, REQUEST_ON_SETTLE, REQUEST_BLOCKED },
		{ REQUEST_EXECUTING, REQUEST_ON_EXECUTE, REQUEST_EXECUTING },
		{ REQUEST_PARTIALLY_DEFERRED, REQUEST_ON_EXECUTE, REQUEST_EXECUTING },
		{ REQUEST_PARTIALLY_HELD, REQUEST_ON_EXECUTE, REQUEST_EXECUTING },
		{ REQUEST_BACKUP_PENDING, REQUEST_ON_SETTLE, REQUEST_COMPLETED },
		{ REQUEST_COMPLETED, REQUEST_ON_REOPEN, REQUEST_REOPENED },
		{ REQUEST_REOPENED, REQUEST_ON_ASSESS, REQUEST_ASSESSED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (!request_leads(REQUEST_KIND_ERASURE, steps[i].from, steps[i].on, steps[i].to))
			fail_msg("%s -> %s", request_state_word(steps[i].from), request_state_word(steps[i].to));
}

static bool before_execution(enum request_state s)
{
	return s == REQUEST_RECEIVED || s == REQUEST_AWAITING_IDENTITY || s == REQUEST_VERIFIED ||
		s == REQUEST_ASSESSED || s == REQUEST_AWAITING_APPROVAL || s == REQUEST_APPROVED ||
		s == REQUEST_AWAITING_FEE || s == REQUEST_REOPENED;
}

/* "Withdrawal is possible until execution"; so is a refusal. */
static void test_until_execution(void **state)
{
	static const enum request_event events[] = { REQUEST_ON_WITHDRAW, REQUEST_ON_REFUSE };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		for (unsigned s = 0; s < REQUEST_STATES; s++) {
			enum request_state to;

			if (request_next(REQUEST_KIND_ERASURE, s, events[i], &to) != before_execution(s))
				fail_msg("%s in state %s", request_event_word(events[i]), request_state_word(s));
		}
}

/* Nothing is executed that was not approved, nothing approved that was not assessed, nothing assessed that
 * was not verified: walked backwards over the whole table, for every kind. */
static void test_no_way_around(void **state)
{
	static const struct { enum request_state to; enum request_event only; } gates[] = {
		{ REQUEST_EXECUTING, REQUEST_ON_EXECUTE }, { REQUEST_APPROVED, REQUEST_ON_APPROVE },
		{ REQUEST_AWAITING_APPROVAL, REQUEST_ON_SUBMIT }, { REQUEST_ASSESSED, REQUEST_ON_ASSESS },
	};
	struct request_move m;

	(void)state;
	for (size_t i = 0; request_move_nth(i, &m); i++) {
		for (size_t g = 0; g < ARRAY_SIZE(gates); g++)
			if (m.to == gates[g].to && m.from != m.to)
				assert_int_equal(m.event, gates[g].only);
		if (m.event == REQUEST_ON_APPROVE)
			assert_int_equal(m.from, REQUEST_AWAITING_APPROVAL);
		if (m.to == REQUEST_VERIFIED)
			assert_true(m.event == REQUEST_ON_VERIFY || m.event == REQUEST_ON_PAID ||
				    m.event == REQUEST_ON_GROUND || m.from == REQUEST_VERIFIED);
		if (m.event == REQUEST_ON_ASSESS)
			assert_false(m.from == REQUEST_RECEIVED || m.from == REQUEST_AWAITING_IDENTITY ||
				     m.from == REQUEST_AWAITING_FEE);
		if (m.event == REQUEST_ON_EXECUTE)
			assert_true(m.from == REQUEST_APPROVED ||
				    request_phase_of(m.from) == REQUEST_PHASE_ACTIVE);
	}
}

/* What has come to its end moves no more, but for a completed erasure that is opened again and a
 * duplicate whose original came to nothing. */
static void test_ends(void **state)
{
	struct request_move m;

	(void)state;
	for (size_t i = 0; request_move_nth(i, &m); i++)
		if (request_phase_of(m.from) == REQUEST_PHASE_ENDED)
			assert_true((m.from == REQUEST_COMPLETED && m.event == REQUEST_ON_REOPEN) ||
				    (m.from == REQUEST_DUPLICATE && m.event == REQUEST_ON_REVIVE));
}

/* Each state is reached from the two that a request can begin in, and each event has a place. */
static void test_all_reached(void **state)
{
	bool reached[REQUEST_STATES] = { [REQUEST_RECEIVED] = true, [REQUEST_AWAITING_IDENTITY] = true };
	bool used[REQUEST_EVENTS] = { false };
	struct request_move m;

	(void)state;
	for (unsigned round = 0; round < REQUEST_STATES; round++)
		for (size_t i = 0; request_move_nth(i, &m); i++)
			if (reached[m.from])
				reached[m.to] = used[m.event] = true;
	for (unsigned s = 0; s < REQUEST_STATES; s++)
		if (!reached[s])
			fail_msg("nothing leads to %s", request_state_word(s));
	for (unsigned e = 0; e < REQUEST_EVENTS; e++)
		if (!used[e])
			fail_msg("%s has no place", request_event_word(e));
}

/* One row says one thing; only the end of an execution has several targets. */
static void test_table(void **state)
{
	struct request_move m, o;

	(void)state;
	for (size_t i = 0; request_move_nth(i, &m); i++) {
		assert_true(m.kinds && m.kinds < 1u << REQUEST_KINDS);
		for (size_t k = i + 1; request_move_nth(k, &o); k++)
			if (m.from == o.from && m.event == o.event && (m.kinds & o.kinds))
				assert_true(m.event == REQUEST_ON_SETTLE && m.to != o.to);
	}
}

/* A copy is given, not approved; nothing is given out under an erasure. */
static void test_access(void **state)
{
	enum request_state to;

	(void)state;
	assert_true(request_next(REQUEST_KIND_ACCESS, REQUEST_VERIFIED, REQUEST_ON_ANSWER, &to));
	assert_int_equal(to, REQUEST_COMPLETED);
	for (unsigned s = 0; s < REQUEST_STATES; s++) {
		static const enum request_event erasing[] = { REQUEST_ON_ASSESS, REQUEST_ON_SUBMIT, REQUEST_ON_APPROVE,
			REQUEST_ON_EXECUTE, REQUEST_ON_SETTLE };

		for (size_t i = 0; i < ARRAY_SIZE(erasing); i++)
			assert_false(request_next(REQUEST_KIND_ACCESS, s, erasing[i], &to));
		assert_false(request_next(REQUEST_KIND_ERASURE, s, REQUEST_ON_ANSWER, &to));
		if (s != REQUEST_VERIFIED)
			assert_false(request_next(REQUEST_KIND_ACCESS, s, REQUEST_ON_ANSWER, &to));
	}
}

static void assert_possible_if(bool begun, enum request_kind kind, enum request_state from, const char *want)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	request_possible(&sb, kind, from, begun);
	assert_string_equal(strbuf_str(&sb), want);
}

static void assert_possible(enum request_kind kind, enum request_state from, const char *want)
{
	assert_possible_if(false, kind, from, want);
}

static void test_possible(void **state)
{
	(void)state;
	assert_possible(REQUEST_KIND_ERASURE, REQUEST_APPROVED, "assess, execute, refuse, withdraw, extend");
	assert_possible(REQUEST_KIND_ERASURE, REQUEST_EXECUTING, "execute, settle, extend");
	assert_possible(REQUEST_KIND_ACCESS, REQUEST_VERIFIED,
			"acknowledge, ask fee, duplicate, answer, refuse, withdraw, extend");
	assert_possible(REQUEST_KIND_ERASURE, REQUEST_REFUSED, "nothing");
	assert_possible(REQUEST_KIND_ERASURE, REQUEST_WITHDRAWN, "nothing");
	/* withdrawal is possible until execution */
	assert_possible_if(true, REQUEST_KIND_ERASURE, REQUEST_APPROVED, "assess, execute, extend");
	assert_possible_if(true, REQUEST_KIND_ERASURE, REQUEST_AWAITING_APPROVAL, "assess, approve, ground, extend");
}

static void test_words(void **state)
{
	enum request_state s;
	enum request_kind k;

	(void)state;
	for (unsigned i = 0; i < REQUEST_STATES; i++) {
		assert_true(request_state_parse(request_state_word(i), &s));
		assert_int_equal(s, i);
	}
	for (unsigned i = 0; i < REQUEST_KINDS; i++) {
		assert_true(request_kind_parse(request_kind_word(i), &k));
		assert_int_equal(k, i);
	}
	assert_false(request_state_parse("Verified", &s));
	assert_false(request_kind_parse("", &k));
}

/* Never "completed" while anything is deferred, quarantined, held, failed or still in a backup: all 2^8
 * combinations against that sentence. */
static void test_derive_never_early(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 256; bits++) {
		struct request_sums s = { bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1, bits >> 4 & 1,
			bits >> 5 & 1, bits >> 6 & 1, bits >> 7 & 1 };
		bool open = s.deferred || s.quarantined || s.held || s.failed || s.grown || !s.scanned || s.found ||
			s.backups;

		assert_int_equal(request_derive(&s) == REQUEST_COMPLETED, !open);
		assert_true(request_leads(REQUEST_KIND_ERASURE, REQUEST_EXECUTING, REQUEST_ON_SETTLE,
					  request_derive(&s)));
		if (s.failed || s.grown || s.found)
			assert_int_equal(request_derive(&s), REQUEST_BLOCKED);
	}
}

/* interface.md 4 shows one item with 2 rows deferred and 1 held: partially_deferred. */
static void test_derive_words(void **state)
{
	(void)state;
	assert_int_equal(request_derive(&(struct request_sums){ .deferred = 2, .held = 1, .scanned = true, .backups = true }),
			 REQUEST_PARTIALLY_DEFERRED);
	assert_int_equal(request_derive(&(struct request_sums){ .held = 1, .scanned = true, .backups = true }),
			 REQUEST_PARTIALLY_HELD);
	assert_int_equal(request_derive(&(struct request_sums){ .scanned = true, .backups = true }),
			 REQUEST_BACKUP_PENDING);
	assert_int_equal(request_derive(&(struct request_sums){ .quarantined = 1, .scanned = true }),
			 REQUEST_PARTIALLY_DEFERRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_straight_way), cmocka_unit_test(test_until_execution),
		cmocka_unit_test(test_no_way_around), cmocka_unit_test(test_ends), cmocka_unit_test(test_all_reached),
		cmocka_unit_test(test_table), cmocka_unit_test(test_access), cmocka_unit_test(test_possible),
		cmocka_unit_test(test_words), cmocka_unit_test(test_derive_never_early),
		cmocka_unit_test(test_derive_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
