// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Messages in as many segments as there are cuts, in each order, and more of them than there are places. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"
#include "stream_lab.h"

#define PARTS 5

static void whole_in_parts(const struct sequence *row, enum message message, const size_t *cuts,
			   const size_t *order, size_t parts, enum way way)
{
	struct step step = { message };
	size_t have = 0;

	open_connection(row, way);
	for (size_t round = 0; round < 2 * parts; round++) {
		size_t part = order[round % parts];

		/* Twice in a row, and, in the second round, when all is there. */
		for (int again = 0; again < 2; again++) {
			have |= 1UL << part;
			step.from = cuts[part];
			step.to = cuts[part + 1];
			step.at = (long)step.from;
			step.verdict = have == (1UL << parts) - 1 ? SL_DROP : SL_ACCEPT;
			step.reason =
				step.verdict == SL_DROP ? SL_REASON_NONE : SL_REASON_STREAM_PENDING;
			if (!take_step(row, &step, way))
				fail_msg("message %d, bytes %zu to %zu", message, step.from,
					 step.to);
		}
	}
}

static bool next_order(size_t *order, size_t count)
{
	size_t i = count - 1, j = count - 1, swap;

	while (i && order[i - 1] > order[i])
		i--;
	if (!i)
		return false;
	while (order[j] < order[i - 1])
		j--;
	swap = order[i - 1];
	order[i - 1] = order[j];
	order[j] = swap;
	for (j = count - 1; i < j; i++, j--) {
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	return true;
}

static const enum message named[] = { BAD, RECORDS, REQUEST, QUERY };

static struct sequence connection_of(enum message message, __u32 isn)
{
	return (struct sequence) { .isn = isn, .dport = message == QUERY ? 53 : 443 };
}

/* Each cut of each message, in both orders; the numbers wrap at many places. */
static void test_every_cut(void **state)
{
	const enum way way = WAY_XDP;

	(void)state;
	for (size_t m = 0; m < ARRAY_LEN(named); m++) {
		size_t length = messages[named[m]].length;
		int port = 0;

		rules_in_force(NULL);
		for (size_t cut = 1; cut < length; cut++) {
			struct sequence row = connection_of(named[m], (__u32)-100 + (__u32)cut);
			size_t cuts[] = { 0, cut, length }, order[] = { 0, 1 };

			do {
				row.port = port++;
				whole_in_parts(&row, named[m], cuts, order, 2, way);
			} while (next_order(order, 2));
		}
	}
}

static void test_every_order(void **state)
{
	static const enum way ways[] = { WAY_XDP, WAY_TC_OUT };

	(void)state;
	for (size_t m = 0; m < ARRAY_LEN(named); m++) {
		size_t length = messages[named[m]].length, order[PARTS], cuts[PARTS + 1];

		for (size_t parts = 3; parts <= PARTS; parts++) {
			int n = 0;

			rules_in_force(NULL);
			for (size_t i = 0; i <= parts; i++)
				cuts[i] = i * length / parts;
			for (size_t i = 0; i < parts; i++)
				order[i] = i;
			do {
				struct sequence row = connection_of(named[m], 77);

				row.port = n++;
				whole_in_parts(&row, named[m], cuts, order, parts,
					       ways[row.port % (int)ARRAY_LEN(ways)]);
			} while (next_order(order, parts));
		}
	}
}

/* A byte a segment, from the first to the last and back. */
static void test_single_bytes(void **state)
{
	const struct sequence row = connection_of(REQUEST, 99);
	size_t length = messages[REQUEST].length;

	(void)state;
	for (int back = 0; back < 2; back++) {
		rules_in_force(NULL);
		open_connection(&row, WAY_XDP);
		for (size_t i = 0; i < length; i++) {
			size_t at = back ? length - 1 - i : i;
			struct step step = { REQUEST,
					     at,
					     at + 1,
					     .at = (long)at,
					     .verdict = i == length - 1 ? SL_DROP : SL_ACCEPT,
					     .reason = i == length - 1 ? 0
								       : SL_REASON_STREAM_PENDING };

			assert_true(take_step(&row, &step, WAY_XDP));
		}
	}
}

/* More messages than places: the one that has waited longest loses its own. */
static void exhaust(const char *settings, int lost, enum sl_reason reason, enum sl_verdict verdict)
{
	const struct sequence row = { .no_syn = true };

	rules_in_force(settings);
	for (int i = 0; i < 64; i++) {
		const struct step first = { BAD, 0, 100, .port = i, PENDING };

		assert_true(take_step(&row, &first, WAY_XDP));
	}
	flows_age(1);
	for (int i = 64; i < 66; i++) {
		const struct step first = {
			BAD, 0, 100, .port = i, .reason = reason, .verdict = verdict
		};

		assert_true(take_step(&row, &first, WAY_XDP));
	}
	for (int i = 0; i < 66; i++) {
		bool gone = lost ? i < lost : i >= 64;
		const struct step second = {
			BAD,
			100,
			.at = 100,
			.port = i,
			.verdict = gone && !settings[20] ? SL_ACCEPT : SL_DROP,
			.reason = gone ? SL_REASON_STREAM_TABLE : 0,
		};

		if (gone && !lost)
			continue;
		if (!take_step(&row, &second, WAY_XDP))
			fail_msg("flow %d", i);
	}
}

static void test_exhaustion(void **state)
{
	(void)state;
	exhaust("flows { streams 64 }", 2, SL_REASON_STREAM_PENDING, SL_ACCEPT);
	exhaust("flows { streams 64 }\non stream-table drop", 0, SL_REASON_STREAM_TABLE, SL_DROP);
}

/* A message that is whole has its place for as long as nobody else wants it. */
static void test_places_of_whole_ones(void **state)
{
	const struct sequence row = { .no_syn = true };

	(void)state;
	rules_in_force("flows { streams 64 }\non stream-table drop");
	for (int i = 0; i < 66; i++) {
		const struct step first = { BAD, 0, 100, .port = i, PENDING };
		const struct step second = { BAD, 100, .at = 100, .port = i, DROPS };

		assert_true(take_step(&row, &first, WAY_XDP));
		assert_true(take_step(&row, &second, WAY_XDP));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_order),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_places_of_whole_ones),
		cmocka_unit_test(lab_test_kernel),
	};

	make_messages();
	return cmocka_run_group_tests_name("stream-parts", tests, lab_setup, lab_teardown);
}
