// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * What a rule set cannot look into is counted. By default that is all: rules and policy judge as if
 * nothing was; set to drop, it decides before them. A rule set that asks for no more than headers
 * counts none of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "names.h"

struct blind_row {
	const char *name;
	const struct layer *frame;
	enum sl_reason blind;
	enum sl_reason reason; /* one that parsing met */
};

static const struct blind_row rows[] = {
	{ "DNS over TLS", pkt(eth(), ip4(), tcp(.dport = 853), data(40)), SL_REASON_DOT },
	{ "its answer", pkt(eth(), ip6(), tcp(.sport = 853), data(40)), SL_REASON_DOT },
	{ "DNS over QUIC", pkt(eth(), ip6(), udp(.dport = 853), data(1200)), SL_REASON_DOT },
	{ "no bytes yet", pkt(eth(), ip4(), tcp(.dport = 853)) },
	{ "another port", pkt(eth(), ip4(), tcp(.dport = 854), data(40)) },
	{ "no ports at all", pkt(eth(), ip4(.proto = 47), data(40)) },
	{ "a later fragment", pkt(eth(), ip4(.offset = 800, .proto = 6), data(40)),
	  SL_REASON_LATER_FRAGMENT, SL_REASON_FRAG_ORPHAN },
	{ "of IPv6", pkt(eth(), ip6(), fragment(.offset = 800, .next = 17), data(40)),
	  SL_REASON_LATER_FRAGMENT, SL_REASON_FRAG_ORPHAN },
	{ "a reason comes before", pkt(eth(), ip4(.ihl = 4), tcp(.dport = 853), data(40)),
	  SL_REASON_NONE, SL_REASON_BAD_IHL },
	{ "unknown ethertype", pkt(eth(.type = 0x88cc), data(60)), SL_REASON_NONE,
	  SL_REASON_UNKNOWN_ETHERTYPE },
};

#define CHAIN(policy, rule)                                                               \
	"chain ingress {\n policy " policy "\n" rule "}\nchain egress {\n policy " policy \
	"\n" rule "}\n"

static const struct policy *policies[4], *asking[4]; /* [has rules << 1 | policy is drop] */

static int setup(void **state)
{
	static const char *const texts[4] = {
		CHAIN("accept", ""),
		CHAIN("drop", ""),
		CHAIN("accept", " all: drop\n"),
		CHAIN("drop", " all: accept\n"),
	};
	int err = lab_setup(state);

	for (int i = 0; i < 4 && !err; i++) {
		policies[i] = policy_new(texts[i]);
		asking[i] = policy_new(texts[i]);
		policy_need(asking[i], SL_NEEDS_APP);
	}
	return err;
}

static struct sl_hook_stats host_stats(enum sl_hook hook)
{
	const struct sl_if_stats *stats = (void *)(host_arena + sl_if_stats_offset(0, 1, 0));

	return stats->hook[hook];
}

static __u64 gained(const struct sl_hook_stats *before, const struct sl_hook_stats *after,
		    enum sl_reason reason)
{
	return after->reason[reason].packets - before->reason[reason].packets;
}

struct run {
	struct sl_trace trace;
	struct sl_hook_stats before, after;
};

static void run_on_host(enum sl_hook hook, const struct frame *frame, struct run *run)
{
	run->before = host_stats(hook);
	host_run(hook, 0, frame, &run->trace);
	run->after = host_stats(hook);
	host_frags_clear();
}

static void run_on_kernel(enum way way, const struct frame *frame, struct run *run)
{
	run->before = kernel_hook_stats(way_slot(way), way_hook(way));
	assert_return_code(kernel_run(way, frame, &run->trace), 0);
	run->after = kernel_hook_stats(way_slot(way), way_hook(way));
	if (lab_is_fragment(&run->trace))
		kernel_frags_clear();
}

/* Each reason that is there counts once, with the bytes of the frame, and no other one. */
static void check_counts(const struct run *run, const struct frame *frame)
{
	for (enum sl_reason i = SL_REASON_NONE + 1; i < SL_REASON_MAX_; i++) {
		bool is = run->trace.reason == i || run->trace.blind == i;

		assert_int_equal(gained(&run->before, &run->after, i), is);
		assert_int_equal(run->after.reason[i].bytes - run->before.reason[i].bytes,
				 is ? frame->len : 0);
	}
}

static void check(const struct blind_row *row, const struct frame *frame, const struct run *plain,
		  const struct run *open, const struct run *strict)
{
	struct sl_trace as_if = open->trace;

	assert_int_equal(plain->trace.blind, SL_REASON_NONE);
	assert_int_equal(plain->trace.reason, row->reason);
	assert_int_equal(open->trace.blind, row->blind);
	as_if.blind = SL_REASON_NONE;
	assert_memory_equal(&as_if, &plain->trace, sizeof(as_if));
	check_counts(plain, frame);
	check_counts(open, frame);
	check_counts(strict, frame);
	assert_int_equal(strict->trace.blind, row->blind);
	if (!row->blind) {
		assert_memory_equal(&strict->trace, &plain->trace, sizeof(as_if));
		return;
	}
	assert_int_equal(strict->trace.verdict, SL_DROP);
	assert_int_equal(strict->trace.slot, SL_NO_SLOT);
}

/* The same frame three times: not asked for, asked for, and set to drop. Host: way is WAY_MAX_. */
static void one(const struct blind_row *row, int i, enum way way, enum sl_hook hook)
{
	const __u64 drops = policy_drops(policies[i]);
	const __u64 own = row->blind ? 1ULL << row->blind : 0;
	struct frame frame = lab_frame(row->frame);
	struct run runs[3] = {};

	for (int j = 0; j < 3; j++) {
		policy_use(j ? asking[i] : policies[i], j == 2 ? drops | own : drops);
		if (way == WAY_MAX_)
			run_on_host(hook, &frame, &runs[j]);
		else
			run_on_kernel(way, &frame, &runs[j]);
	}
	check(row, &frame, &runs[0], &runs[1], &runs[2]);
}

static void test_row(void **state)
{
	const struct blind_row *row = *state;
	struct frame frame = lab_frame(row->frame);

	for (int i = 0; i < 4; i++) {
		for (enum sl_hook hook = 0; hook < SL_HOOK_MAX_; hook++)
			one(row, i, WAY_MAX_, hook);
		for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
			if (lab_kernel_takes(way, &frame))
				one(row, i, way, way_hook(way));
		}
	}
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(*rows)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		tests[i] = (struct CMUnitTest) { .name = rows[i].name,
						 .test_func = test_row,
						 .initial_state = (void *)&rows[i] };
	return cmocka_run_group_tests_name("blind", tests, setup, lab_teardown) ? 1 : 0;
}
