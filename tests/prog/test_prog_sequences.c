// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Sequences of packets, fragments above all, by every way: each packet must get the verdict and the
 * reason of its step, by the rule that the step names, and be seen alike on the host.
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
#include "sequences.h"

/* Where XDP frames are cut: before, in and behind the headers that fragments are about. */
static const size_t cuts[] = { 0, 14, 15, 21, 37, 41, 57, 61 };

static const struct policy *rules_in_force(const char *rules, const char *on)
{
	char text[2048];
	struct policy *policy;

	if (!rules)
		rules = "policy accept";
	snprintf(text, sizeof(text), "%s\nchain ingress {\n%s\n}\nchain egress {\n%s\n}\n",
		 on ? on : "", rules, rules);
	policy = policy_new(text);
	policy_use(policy, policy_drops(policy));
	return policy;
}

static bool as_step_says(const struct step *step, const struct policy *policy, enum sl_hook hook,
			 const struct sl_trace *trace)
{
	const char *chain = hook == SL_HOOK_TC_EGRESS ? "egress" : "ingress";
	const char *by = step->by;
	__u32 slot;

	if (!by && !step->reason)
		by = "policy";
	slot = by ? policy_slot(policy, chain, by) : SL_NO_SLOT;
	return trace->verdict == (__u32)step->verdict && trace->reason == (__u32)step->reason &&
	       trace->slot == slot;
}

static bool take_step(const struct step *step, const struct policy *policy, enum way way,
		      size_t linear)
{
	struct frame frame = lab_frame(step->frame);
	struct sl_trace host, trace;
	int err;

	frame.linear = linear < frame.len ? linear : 0;
	host_run(way_hook(way), way_slot(way), &frame, &host);
	if (!as_step_says(step, policy, way_hook(way), &host)) {
		lab_print("host", &host);
		return false;
	}
	if (lab_no_kernel)
		return true;
	err = kernel_run(way, &frame, &trace);
	if (err)
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
	return !err && lab_same(way_names[way], &frame, &trace, &host);
}

/* Frames too long for a test run at TC are left to the other ways. */
static bool kernel_takes_all(const struct sequence *s, enum way way)
{
	for (const struct step *step = s->steps; step->frame || step->wait || step->reload;
	     step++) {
		struct frame frame;

		if (!step->frame)
			continue;
		frame = lab_frame(step->frame);
		if (!lab_kernel_takes(way, &frame)) {
			assert_true(frame.len >= 3500);
			return false;
		}
	}
	return true;
}

static bool run_sequence(const struct sequence *s, enum way way, size_t linear)
{
	const struct policy *policy;
	int n = 1;

	host_frags_clear();
	if (!lab_no_kernel)
		kernel_frags_clear();
	policy_free_all();
	policy = rules_in_force(s->rules, s->on);
	for (const struct step *step = s->steps; step->frame || step->wait || step->reload;
	     step++) {
		if (step->wait)
			host_now += step->wait;
		if (step->reload)
			policy = rules_in_force(step->reload, s->on);
		if (step->frame && !take_step(step, policy, way, linear)) {
			fprintf(stderr, "%s, step %d: wanted %s %s by %s\n", way_names[way], n,
				sl_verdict_names[step->verdict], sl_reason_names[step->reason],
				step->by       ? step->by
				: step->reason ? "its reason"
					       : "the policy");
			return false;
		}
		n++;
	}
	return true;
}

static void test_sequence(void **state)
{
	for (enum way way = 0; way < WAY_MAX_; way++) {
		if (!kernel_takes_all(*state, way))
			continue;
		if (way != WAY_XDP_CUT) {
			assert_true(run_sequence(*state, way, 0));
			continue;
		}
		for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
			assert_true(run_sequence(*state, way, cuts[i]));
	}
}

/* What is left in the table when all packets are complete. */
static void test_nothing_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sequences_fragments.count; i++) {
		const struct sequence *s = &sequences_fragments.sequences[i];

		if (!strncmp(s->name, "in order", 8) || !strncmp(s->name, "reversed", 8)) {
			assert_true(run_sequence(s, WAY_XDP, 0));
			assert_int_equal(host_frags_count(), 0);
			if (!lab_no_kernel)
				assert_int_equal(kernel_frags_count(), 0);
		}
	}
}

#define FLOOD (SL_FRAG_ENTRIES + SL_FRAG_ENTRIES / 2)

static struct frame flood_frame(unsigned int i, bool later)
{
	struct frame f = lab_frame(later ? pkt(eth(), ip4(.offset = 16), data(8))
					 : pkt(eth(), ip4(.mf = 1), udp(.len = 24), data(8)));
	__u8 *ip = (__u8 *)f.bytes + 14;

	ip[4] = (__u8)(i >> 8);
	ip[5] = (__u8)i;
	ip[15] = (__u8)(i >> 16);
	return f;
}

static unsigned int flood_passes(enum way way, unsigned int i, bool later)
{
	struct frame frame = flood_frame(i, later);
	struct sl_trace trace;

	if (lab_no_kernel)
		host_run(way_hook(way), way_slot(way), &frame, &trace);
	else
		assert_return_code(kernel_run(way, &frame, &trace), 0);
	/* Never by anything but by its first one: forgotten means orphan. */
	if (later)
		assert_int_equal(trace.reason,
				 trace.verdict == SL_DROP ? SL_REASON_FRAG_ORPHAN : 0);
	return trace.verdict == SL_ACCEPT;
}

/* More packets in pieces than the table holds: the new ones are followed, the oldest forgotten. */
static void test_more_than_the_table_holds(void **state)
{
	enum way way = WAY_XDP;
	unsigned int recent = 0, old = 0;

	(void)state;
	host_frags_clear();
	if (!lab_no_kernel)
		kernel_frags_clear();
	policy_free_all();
	rules_in_force(NULL, NULL);
	for (unsigned int i = 0; i < FLOOD; i++)
		assert_int_equal(flood_passes(way, i, false), 1);
	for (unsigned int i = FLOOD - 1000; i < FLOOD; i++)
		recent += flood_passes(way, i, true);
	for (unsigned int i = 0; i < 1000; i++)
		old += flood_passes(way, i, true);
	assert_int_equal(recent, 1000);
	assert_int_equal(old, 0);
	if (!lab_no_kernel) {
		assert_true(kernel_frags_count() <= SL_FRAG_ENTRIES);
		kernel_frags_clear();
	}
}

static struct CMUnitTest *tests;
static size_t ntests;

static void add(const char *name, CMUnitTestFunction run, const void *state)
{
	tests = realloc(tests, (ntests + 1) * sizeof(*tests));
	if (!tests)
		abort();
	tests[ntests++] = (struct CMUnitTest) {
		.name = name,
		.test_func = run,
		.initial_state = (void *)state,
	};
}

int main(void)
{
	int failed;

	for (size_t i = 0; i < sequences_fragments.count; i++)
		add(sequences_fragments.sequences[i].name, test_sequence,
		    &sequences_fragments.sequences[i]);
	for (size_t i = 0; i < sequences_evasions.count; i++)
		add(sequences_evasions.sequences[i].name, test_sequence,
		    &sequences_evasions.sequences[i]);
	add("in the kernel", lab_test_kernel, NULL);
	add("nothing is left of complete packets", test_nothing_is_left, NULL);
	add("more packets than the table holds", test_more_than_the_table_holds, NULL);
	failed = _cmocka_run_group_tests("sequences", tests, ntests, lab_setup, lab_teardown);
	free(tests);
	return failed ? 1 : 0;
}
