// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * N packets are N: threads on every CPU send packets through every program at a time, and what the
 * counters of verdicts, reasons and rules have gained is exactly that, in packets and in bytes.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "names.h"

#define TIMES  20000U
#define FRAMES 6U

static const char rules[] =
	"chain ingress {\n policy drop\n web: tcp dport 80 accept\n all: count\n dns: udp dport 53 drop\n}\n"
	"chain egress {\n policy drop\n web: tcp dport 80 accept\n all: count\n dns: udp dport 53 drop\n}\n";

/* What one frame of each kind adds to. */
static const struct kind {
	const struct layer *frame;
	enum sl_verdict verdict;
	enum sl_reason reason;
	const char *by;
	bool counted; /* by the rule `all`, which is met unless `web` or a reason decides */
} kinds[FRAMES] = {
	{ pkt(eth(), ip4(), tcp(), data(100)), SL_ACCEPT, SL_REASON_NONE, "web", false },
	{ pkt(eth(), ip6(), tcp(), data(777)), SL_ACCEPT, SL_REASON_NONE, "web", false },
	{ pkt(eth(), vlan(.id = 3), ip4(), udp(), data(1000)), SL_DROP, SL_REASON_NONE, "dns",
	  true },
	{ pkt(eth(), ip4(), icmp()), SL_DROP, SL_REASON_NONE, "policy", true },
	{ pkt(eth(), ip4(.ihl = 4), tcp()), SL_DROP, SL_REASON_BAD_IHL, NULL, false },
	{ pkt(eth(.type = 0x88cc), data(60)), SL_ACCEPT, SL_REASON_UNKNOWN_ETHERTYPE, NULL, true },
};

static __u8 frames[FRAMES][2000];
static size_t lengths[FRAMES];

struct worker {
	pthread_t thread;
	enum way way;
	int cpu;
	int err;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	w->err = -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (size_t i = 0; i < FRAMES && !w->err; i++) {
		struct frame frame = { .bytes = frames[i], .len = lengths[i] };

		w->err = kernel_repeat(w->way, &frame, TIMES);
	}
	return NULL;
}

static void gained(const struct sl_counter *before, const struct sl_counter *after, __u64 packets,
		   __u64 bytes, const char *what)
{
	if (after->packets - before->packets == packets && after->bytes - before->bytes == bytes)
		return;
	fail_msg("%s: %llu packets, %llu bytes instead of %llu, %llu", what,
		 after->packets - before->packets, after->bytes - before->bytes, packets, bytes);
}

static void check_hook(const struct sl_hook_stats *before, const struct sl_hook_stats *after,
		       __u64 times)
{
	for (int v = 0; v < SL_VERDICT_MAX_; v++) {
		__u64 packets = 0, bytes = 0;

		for (size_t i = 0; i < FRAMES; i++) {
			packets += (int)kinds[i].verdict == v ? times : 0;
			bytes += (int)kinds[i].verdict == v ? times * lengths[i] : 0;
		}
		gained(&before->verdict[v], &after->verdict[v], packets, bytes,
		       sl_verdict_names[v]);
	}
	for (int r = 0; r < SL_REASON_MAX_; r++) {
		__u64 packets = 0, bytes = 0;

		for (size_t i = 0; i < FRAMES; i++) {
			packets += r && (int)kinds[i].reason == r ? times : 0;
			bytes += r && (int)kinds[i].reason == r ? times * lengths[i] : 0;
		}
		gained(&before->reason[r], &after->reason[r], packets, bytes, sl_reason_names[r]);
	}
}

static void check_rule(const struct policy *policy, const char *chain, const char *rule,
		       __u64 times)
{
	const struct sl_counter none = {};
	struct sl_counter now = kernel_rule_counter(policy_slot(policy, chain, rule));
	__u64 packets = 0, bytes = 0;

	for (size_t i = 0; i < FRAMES; i++) {
		bool hit = strcmp(rule, "all") ? kinds[i].by && !strcmp(kinds[i].by, rule)
					       : kinds[i].counted;

		packets += hit ? times : 0;
		bytes += hit ? times * lengths[i] : 0;
	}
	gained(&none, &now, packets, bytes, rule);
}

static void test_every_cpu(void **state)
{
	static const char *const names[] = { "all", "web", "dns", "policy" };
	struct sl_hook_stats before[WAY_MAX_], after;
	struct worker workers[64];
	const struct policy *policy;
	cpu_set_t set;
	int n = 0, cpus = 0;

	(void)state;
	if (lab_no_kernel) {
		print_message("skip: %s\n", lab_no_kernel);
		skip();
	}
	policy = policy_new(rules);
	policy_use(policy, policy_drops(policy));
	for (size_t i = 0; i < FRAMES; i++)
		lengths[i] = packet_build(frames[i], kinds[i].frame);
	for (enum way way = 0; way < WAY_MAX_; way++)
		before[way] = kernel_hook_stats(way_slot(way), way_hook(way));
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && cpus < 12; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		cpus++;
		for (enum way way = 0; way < WAY_MAX_; way++) {
			struct worker *w = &workers[n++];

			*w = (struct worker) { .way = way, .cpu = cpu };
			assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
		}
	}
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_return_code(workers[i].err, 0);
	}
	for (enum way way = 0; way < WAY_MAX_; way++) {
		after = kernel_hook_stats(way_slot(way), way_hook(way));
		check_hook(&before[way], &after, (__u64)cpus * TIMES);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		/* Four programs judge by the chain of ingress, one by that of egress. */
		check_rule(policy, "ingress", names[i], (__u64)cpus * TIMES * (WAY_MAX_ - 1));
		check_rule(policy, "egress", names[i], (__u64)cpus * TIMES);
	}
	print_message("%u packets on %d CPUs\n", cpus * TIMES * FRAMES * WAY_MAX_, cpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_cpu) };

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown) ? 1 : 0;
}
