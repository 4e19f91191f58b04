/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * What a packet costs over the empty rule set when a rule asks for flows: packets of 65,536 flows in
 * turn, which are known, decided or new. The frame is TCP over IPv4 of 64 bytes.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "bench.h"
#include "feed.h"
#include "gen.h"
#include "names.h"

#include "feed.skel.h"

#define ROUNDS	  40
#define FRAME_LEN 64

enum what {
	EMPTY,
	KNOWN,
	KNOWN_HOT,
	DECIDED,
	DECIDED_HOT,
	NEW,
	WHAT_MAX_
};

static const struct {
	const char *name;
	const char *rules;
	__u32 mask;
	bool forgets;
} whats[WHAT_MAX_] = {
	[EMPTY] = { "empty rule set", "chain ingress { policy accept }\n", FEED_FLOWS - 1, false },
	[KNOWN] = { "known flow", "flows { size 128k }\nchain ingress { flow state new drop }\n",
		    FEED_FLOWS - 1, false },
	[KNOWN_HOT] = { "known flow, one of 256",
			"flows { size 128k }\nchain ingress { flow state new drop }\n", 255,
			false },
	[DECIDED] = { "decided flow", "flows { size 128k }\nchain ingress { tcp accept flow }\n",
		      FEED_FLOWS - 1, false },
	[DECIDED_HOT] = { "decided flow, one of 256",
			  "flows { size 128k }\nchain ingress { tcp accept flow }\n", 255, false },
	[NEW] = { "new flow", "flows { size 128k }\nchain ingress { flow state new drop }\n",
		  FEED_FLOWS - 1, true },
};

static void feed_fill(struct feed_bpf *feed, __u32 mask)
{
	struct gen_random r = { 1 };

	for (size_t i = 0; i < FEED_FLOWS; i++) {
		struct feed_flow4 *flow = &feed->bss->feed_flows4[i];

		flow->addr[0] = (__u32)gen_next(&r);
		flow->addr[1] = (__u32)gen_next(&r);
		flow->port[0] = (__u16)gen_next(&r);
		flow->port[1] = htons(443);
		flow->proto = 6;
	}
	feed->bss->feed_mask = mask;
}

static int turn(struct feed_bpf *feed, enum sl_hook hook, double *ns)
{
	/* An ACK, whose flow the table did not see begin. */
	unsigned char frame[FRAME_LEN] = {
		2, 0,	 0, 0, 0,  1, 2, 0, 0, 0,  0, 2,	   8,
		0, 0x45, 0, 0, 50, 0, 1, 0, 0, 64, 6, [46] = 0x50, 0x10
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_LEN,
		    .repeat = FEED_FLOWS);
	const struct bpf_program *prog =
		hook == SL_HOOK_XDP ? feed->progs.feed4_xdp : feed->progs.feed4_tc;
	double start;
	int err;

	feed->bss->feed_turn = 0;
	start = bench_seconds();
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	*ns = (bench_seconds() - start) * 1e9 / FEED_FLOWS;
	if (err)
		return bench_fail("test run", strerror(-err));
	if (opts.retval != (hook == SL_HOOK_XDP ? 2U : (__u32)-1))
		return bench_fail("test run", "a packet was not accepted");
	return 0;
}

static int measure(struct sl_dp *dp, struct feed_bpf *feed, enum sl_hook hook, enum what what,
		   double *least)
{
	const struct sl_dp_flow_filter all = {};
	double ns;

	feed_fill(feed, whats[what].mask);
	if (bench_apply(dp, whats[what].rules))
		return 1;
	/* Flows are counted where they began: another hook's would cost this one less. */
	sl_dp_flows_kill(dp, &all);
	if (turn(feed, hook, &ns))
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		if (whats[what].forgets)
			sl_dp_flows_kill(dp, &all);
		if (turn(feed, hook, &ns))
			return 1;
		if (!*least || ns < *least)
			*least = ns;
	}
	return 0;
}

static int bench_hook(struct sl_dp *dp, struct feed_bpf *feed, enum sl_hook hook)
{
	double least[WHAT_MAX_] = {};
	const __u32 zero = 0;
	int fd = sl_dp_load_for_bench(dp, hook);

	if (fd < 0)
		return bench_fail(sl_hook_names[hook], sl_dp_error(dp));
	if (bpf_map__update_elem(feed->maps.feed_next, &zero, sizeof(zero), &fd, sizeof(fd), 0))
		return bench_fail("tail call", strerror(errno));
	for (int i = 0; i < 2; i++)
		for (enum what what = 0; what < WHAT_MAX_; what++)
			if (measure(dp, feed, hook, what, &least[what]))
				return 1;
	printf("%-12s %-24s %8.1f\n", sl_hook_names[hook], whats[EMPTY].name, least[EMPTY]);
	for (enum what what = KNOWN; what < WHAT_MAX_; what++)
		printf("%-12s %-24s %+8.1f\n", sl_hook_names[hook], whats[what].name,
		       least[what] - least[EMPTY]);
	fflush(stdout);
	return bench_apply(dp, whats[EMPTY].rules);
}

static int bench_feed(struct sl_dp *dp, enum sl_hook hook)
{
	struct feed_bpf *feed = feed_bpf__open();
	struct bpf_program *prog;
	int err;

	if (!feed)
		return bench_fail("feeding programs", strerror(errno));
	bpf_object__for_each_program(prog, feed->obj)
	{
		bool is_xdp = bpf_program__type(prog) == BPF_PROG_TYPE_XDP;

		bpf_program__set_autoload(prog, is_xdp == (hook == SL_HOOK_XDP));
		if (is_xdp)
			bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	}
	err = feed_bpf__load(feed);
	err = err ? bench_fail("feeding programs", strerror(-err)) : bench_hook(dp, feed, hook);
	feed_bpf__destroy(feed);
	return err;
}

int bench_flows(struct sl_dp *dp)
{
	printf("\nns a packet of %d flows, least of %d rounds; below the first over the empty rule set\n\n",
	       FEED_FLOWS, 2 * ROUNDS);
	return bench_feed(dp, SL_HOOK_XDP) || bench_feed(dp, SL_HOOK_TC_INGRESS);
}
