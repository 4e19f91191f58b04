/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * What a packet costs over an empty rule set when there are many rules. Packets are drawn from the
 * rules' own boxes, 65536 of them in turn ("random") or 256 ("hot"): from all rules, from the last
 * hundredth of them, or so that no rule matches. The empty rule set is measured with the same
 * packets right before and behind.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <endian.h>

#include "bench.h"
#include "feed.h"
#include "gen.h"
#include "names.h"

#include "feed.skel.h"

#define ROUNDS	  5
#define REPEAT	  (2 * FEED_FLOWS)
#define HOT	  256U
#define SEED	  1
#define FRAME_LEN 64
#define DRAWS_MAX 8

enum traffic {
	MATCH,
	MATCH_HOT,
	LAST,
	NONE,
	NONE_HOT,
	TRAFFIC_MAX_
};

static const char *const traffic_names[TRAFFIC_MAX_] = {
	[MATCH] = "random",  [MATCH_HOT] = "hot",	   [LAST] = "last",
	[NONE] = "no match", [NONE_HOT] = "no match, hot",
};

/* A rule set, and what was measured of it. */
struct set {
	enum gen_shape shape;
	bool six;
	size_t count;
	enum sl_hook hook;
	struct gen_rule *rules;
	char *text;
	struct gen_packet *packets[2]; /* FEED_FLOWS each: of all rules, of none */
	struct gen_packet *last;
	double empty[TRAFFIC_MAX_];
	double ns[TRAFFIC_MAX_];
	double seconds; /* to compile and load */
	size_t bytes;
};

static const char empty_rules[] = "chain ingress { policy drop }\n";

static void set_clear(struct set *set)
{
	free(set->rules);
	free(set->text);
	free(set->packets[0]);
	free(set->packets[1]);
	free(set->last);
}

static int set_text(struct set *set)
{
	size_t size;
	FILE *to = open_memstream(&set->text, &size);

	if (!to)
		return bench_fail("rules", strerror(errno));
	fputs("chain ingress {\npolicy drop\n", to);
	for (size_t i = 0; i < set->count; i++) {
		gen_print_sluice(&set->rules[i], set->six, to);
		fputc('\n', to);
	}
	fputs("}\n", to);
	return fclose(to) ? bench_fail("rules", strerror(errno)) : 0;
}

/* One in the box of a rule from first on. */
static void draw_in(struct gen_random *r, const struct set *set, size_t first,
		    struct gen_packet *out)
{
	const struct gen_rule *rule;

	do {
		rule = &set->rules[first + gen_below(r, (__u32)(set->count - first))];
	} while (!gen_packet_in(r, rule, set->six, out));
}

static bool matches_any(const struct set *set, const struct gen_packet *packet)
{
	for (size_t i = 0; i < set->count; i++) {
		if (gen_matches(&set->rules[i], set->six, packet))
			return true;
	}
	return false;
}

/* Source and ports of one rule, destination of another, so that the walk must look close. */
static void draw_none(struct gen_random *r, const struct set *set, struct gen_packet *out)
{
	struct gen_packet other;

	for (int i = 0; i < DRAWS_MAX; i++) {
		draw_in(r, set, 0, out);
		draw_in(r, set, 0, &other);
		out->addr[1] = other.addr[1];
		if (!matches_any(set, out))
			return;
	}
	out->addr[0] = (unsigned __int128)gen_next(r) << 64 | gen_next(r);
	out->addr[1] = (unsigned __int128)gen_next(r) << 64 | gen_next(r);
}

/* To look for a rule that matches takes long where there are many: then fewer packets, repeated. */
static int set_packets(struct set *set)
{
	size_t distinct = set->count > 1000 ? FEED_FLOWS * 1000 / set->count : FEED_FLOWS, i;
	struct gen_random r = { SEED + 1 };

	set->packets[0] = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	set->packets[1] = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	set->last = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	if (!set->packets[0] || !set->packets[1] || !set->last)
		return bench_fail("packets", strerror(ENOMEM));
	for (i = 0; i < FEED_FLOWS; i++) {
		draw_in(&r, set, 0, &set->packets[0][i]);
		draw_in(&r, set, set->count - 1 - set->count / 100, &set->last[i]);
		if (i < distinct)
			draw_none(&r, set, &set->packets[1][i]);
		else
			set->packets[1][i] = set->packets[1][i % distinct];
	}
	return 0;
}

static int set_make(struct set *set)
{
	set->rules = calloc(set->count, sizeof(*set->rules));
	if (!set->rules || gen_rules(set->shape, set->six, SEED, set->rules, set->count))
		return bench_fail("rules", strerror(ENOMEM));
	return set_text(set) || set_packets(set);
}

static void feed_put(struct feed_bpf *feed, size_t i, const struct gen_packet *packet)
{
	struct feed_flow4 *four = &feed->bss->feed_flows4[i];
	struct feed_flow6 *to = &feed->bss->feed_flows6[i];

	for (int side = 0; side < 2; side++) {
		four->addr[side] = htonl((__u32)packet->addr[side]);
		to->addr[2 * side] = htobe64((__u64)(packet->addr[side] >> 64));
		to->addr[2 * side + 1] = htobe64((__u64)packet->addr[side]);
		to->port[side] = four->port[side] = htons(packet->port[side]);
	}
	to->proto = four->proto = packet->proto;
}

static void feed_fill(struct feed_bpf *feed, const struct set *set, enum traffic traffic)
{
	const struct gen_packet *from = traffic == LAST	  ? set->last
					: traffic >= NONE ? set->packets[1]
							  : set->packets[0];

	for (size_t i = 0; i < FEED_FLOWS; i++)
		feed_put(feed, i, &from[i]);
	feed->bss->feed_mask =
		traffic == MATCH_HOT || traffic == NONE_HOT ? HOT - 1 : FEED_FLOWS - 1;
}

static int feed_fd(const struct feed_bpf *feed, const struct set *set)
{
	const struct bpf_program *four =
		set->hook == SL_HOOK_XDP ? feed->progs.feed4_xdp : feed->progs.feed4_tc;
	const struct bpf_program *six =
		set->hook == SL_HOOK_XDP ? feed->progs.feed6_xdp : feed->progs.feed6_tc;

	return bpf_program__fd(set->six ? six : four);
}

/*
 * A frame that is TCP and UDP alike, whatever addresses and ports are written into it: a UDP length
 * where TCP has its sequence number, a data offset behind the UDP header.
 */
static void frame_fill(unsigned char *frame, bool six)
{
	static const unsigned char head4[] = { 2, 0, 0,	   0, 0, 1,  2, 0, 0, 0, 0,  2,
					       8, 0, 0x45, 0, 0, 50, 0, 1, 0, 0, 64, 6 };
	static const unsigned char head6[] = { 2, 0,	0,    0,    0, 1, 2, 0, 0,  0, 0,
					       2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 6, 64 };
	size_t transport = six ? 54 : 34;

	memset(frame, 0, FRAME_LEN + 14);
	memcpy(frame, six ? head6 : head4, six ? sizeof(head6) : sizeof(head4));
	frame[transport + 5] = six ? 24 : 30;
	frame[transport + 12] = 0x50;
}

static int measure(struct feed_bpf *feed, const struct set *set, double *least)
{
	unsigned char frame[FRAME_LEN + 14];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = set->six ? FRAME_LEN + 14 : FRAME_LEN, .repeat = REPEAT);
	double start, ns;
	int err;

	frame_fill(frame, set->six);
	feed->bss->feed_turn = 0;
	start = bench_seconds();
	err = bpf_prog_test_run_opts(feed_fd(feed, set), &opts);
	ns = (bench_seconds() - start) * 1e9 / REPEAT;
	if (err)
		return bench_fail("test run", strerror(-err));
	if (opts.retval == (set->hook == SL_HOOK_XDP ? 0U : (__u32)-2))
		return bench_fail("test run", "the program did not run");
	if (*least == 0 || ns < *least)
		*least = ns;
	return 0;
}

static int measure_all(struct feed_bpf *feed, const struct set *set, double *ns)
{
	for (enum traffic traffic = 0; traffic < TRAFFIC_MAX_; traffic++) {
		feed_fill(feed, set, traffic);
		for (int i = 0; i < ROUNDS; i++)
			if (measure(feed, set, &ns[traffic]))
				return 1;
	}
	return 0;
}

static int set_measure(struct sl_dp *dp, struct feed_bpf *feed, struct set *set)
{
	double start;

	if (bench_apply(dp, empty_rules) || measure_all(feed, set, set->empty))
		return 1;
	start = bench_seconds();
	if (bench_apply(dp, set->text))
		return 1;
	set->seconds = bench_seconds() - start;
	set->bytes = sl_dp_ruleset(dp)->size;
	if (measure_all(feed, set, set->ns))
		return 1;
	return bench_apply(dp, empty_rules) || measure_all(feed, set, set->empty);
}

static void report_head(void)
{
	printf("\nns over an empty rule set, least of %d rounds of %d\n\n%-20s %8s", ROUNDS, REPEAT,
	       "rules", "empty");
	for (enum traffic traffic = 0; traffic < TRAFFIC_MAX_; traffic++)
		printf(" %14s", traffic_names[traffic]);
	printf(" %8s %8s\n", "seconds", "MiB");
}

static void report(const struct set *set)
{
	printf("%-3s %-3s v%d %8zu %9.1f", set->hook == SL_HOOK_XDP ? "xdp" : "tc",
	       gen_shape_names[set->shape], set->six ? 6 : 4, set->count, set->empty[MATCH]);
	for (enum traffic traffic = 0; traffic < TRAFFIC_MAX_; traffic++)
		printf(" %+14.1f", set->ns[traffic] - set->empty[traffic]);
	printf(" %8.3f %8.2f\n", set->seconds, (double)set->bytes / (1 << 20));
	fflush(stdout);
}

static int bench_set(struct sl_dp *dp, struct feed_bpf *feed, struct set set)
{
	int err = set_make(&set) || set_measure(dp, feed, &set);

	if (!err)
		report(&set);
	set_clear(&set);
	return err;
}

/* What the short bench leaves out. */
static bool is_chosen(enum sl_hook hook, enum gen_shape shape, bool six, size_t count, bool full)
{
	if (full)
		return true;
	if (hook != SL_HOOK_XDP)
		return !six && shape == GEN_ACL && count >= 10000;
	return !six || count == 10000 || (shape == GEN_ACL && count == 100000);
}

static int bench_hook(struct sl_dp *dp, struct feed_bpf *feed, enum sl_hook hook, bool full)
{
	static const size_t counts[] = { 10, 1000, 10000, 100000 };
	const __u32 zero = 0;
	int fd = sl_dp_load_for_bench(dp, hook);

	if (fd < 0)
		return bench_fail(sl_hook_names[hook], sl_dp_error(dp));
	if (bpf_map__update_elem(feed->maps.feed_next, &zero, sizeof(zero), &fd, sizeof(fd), 0))
		return bench_fail("tail call", strerror(errno));
	for (int six = 0; six < 2; six++)
		for (enum gen_shape shape = 0; shape < GEN_SHAPE_MAX_; shape++)
			for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
				if (is_chosen(hook, shape, six, counts[i], full) &&
				    bench_set(dp, feed,
					      (struct set) { .shape = shape,
							     .six = six,
							     .count = counts[i],
							     .hook = hook }))
					return 1;
	return 0;
}

/* A program array holds programs of one kind. */
static int bench_feed(struct sl_dp *dp, enum sl_hook hook, bool full)
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
	err = err ? bench_fail("feeding programs", strerror(-err))
		  : bench_hook(dp, feed, hook, full);
	feed_bpf__destroy(feed);
	return err;
}

int bench_rules(struct sl_dp *dp, bool full)
{
	report_head();
	return bench_feed(dp, SL_HOOK_XDP, full) || bench_feed(dp, SL_HOOK_TC_INGRESS, full);
}
