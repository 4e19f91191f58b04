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

#include <bpf/bpf.h>

#include "bench.h"
#include "draw.h"
#include "feeder.h"
#include "gen.h"
#include "names.h"

#define ROUNDS 25
#define REPEAT (2 * FEED_FLOWS)
#define HOT    256U
#define SEED   1

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

/* To look for a rule that matches takes long where there are many: then fewer packets, repeated. */
static int set_packets(struct set *set)
{
	size_t distinct = draw_distinct(set->count, FEED_FLOWS), i;
	struct gen_random r = { SEED + 1 };

	set->packets[0] = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	set->packets[1] = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	set->last = calloc(FEED_FLOWS, sizeof(struct gen_packet));
	if (!set->packets[0] || !set->packets[1] || !set->last)
		return bench_fail("packets", strerror(ENOMEM));
	for (i = 0; i < FEED_FLOWS; i++) {
		draw_in(&r, set->rules, set->count, 0, set->six, &set->packets[0][i]);
		draw_in(&r, set->rules, set->count, set->count - 1 - set->count / 100, set->six,
			&set->last[i]);
		if (i < distinct)
			draw_none(&r, set->rules, set->count, set->six, &set->packets[1][i]);
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

static void fill(struct feeder *feeder, const struct set *set, enum traffic traffic)
{
	const struct gen_packet *from = traffic == LAST	  ? set->last
					: traffic >= NONE ? set->packets[1]
							  : set->packets[0];
	bool hot = traffic == MATCH_HOT || traffic == NONE_HOT;

	feeder_fill(feeder, from, hot ? HOT : FEED_FLOWS);
}

static int measure(struct feeder *feeder, const struct set *set, double *least)
{
	unsigned char frame[FEEDER_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = REPEAT);
	double start, ns;
	int err;

	opts.data_size_in = (__u32)feeder_frame(frame, set->six);
	feeder_rewind(feeder);
	start = bench_seconds();
	err = bpf_prog_test_run_opts(feeder_fd(feeder, set->six), &opts);
	ns = (bench_seconds() - start) * 1e9 / REPEAT;
	if (err)
		return bench_fail("test run", strerror(-err));
	if (opts.retval == (set->hook == SL_HOOK_XDP ? 0U : (__u32)-2))
		return bench_fail("test run", "the program did not run");
	if (*least == 0 || ns < *least)
		*least = ns;
	return 0;
}

static int measure_all(struct feeder *feeder, const struct set *set, double *ns)
{
	for (enum traffic traffic = 0; traffic < TRAFFIC_MAX_; traffic++) {
		fill(feeder, set, traffic);
		for (int i = 0; i < ROUNDS; i++)
			if (measure(feeder, set, &ns[traffic]))
				return 1;
	}
	return 0;
}

static int set_measure(struct sl_dp *dp, struct feeder *feeder, struct set *set)
{
	double start;

	if (bench_apply(dp, empty_rules) || measure_all(feeder, set, set->empty))
		return 1;
	start = bench_seconds();
	if (bench_apply(dp, set->text))
		return 1;
	set->seconds = bench_seconds() - start;
	set->bytes = sl_dp_ruleset(dp)->size;
	if (measure_all(feeder, set, set->ns))
		return 1;
	return bench_apply(dp, empty_rules) || measure_all(feeder, set, set->empty);
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

static int bench_set(struct sl_dp *dp, struct feeder *feeder, struct set set)
{
	int err = set_make(&set) || set_measure(dp, feeder, &set);

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

static int bench_hook(struct sl_dp *dp, struct feeder *feeder, enum sl_hook hook, bool full)
{
	static const size_t counts[] = { 10, 1000, 10000, 100000 };
	int fd = sl_dp_load_for_bench(dp, hook);

	if (fd < 0)
		return bench_fail(sl_hook_names[hook], sl_dp_error(dp));
	if (feeder_to(feeder, fd))
		return bench_fail("tail call", strerror(errno));
	for (int six = 0; six < 2; six++)
		for (enum gen_shape shape = 0; shape < GEN_SHAPE_MAX_; shape++)
			for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
				if (is_chosen(hook, shape, six, counts[i], full) &&
				    bench_set(dp, feeder,
					      (struct set) { .shape = shape,
							     .six = six,
							     .count = counts[i],
							     .hook = hook }))
					return 1;
	return 0;
}

static int bench_feed(struct sl_dp *dp, enum sl_hook hook, bool full)
{
	struct feeder feeder = {};
	int err = feeder_new(&feeder, hook == SL_HOOK_XDP ? FEEDER_XDP : FEEDER_TC);

	if (err)
		return bench_fail("feeding programs", strerror(-err));
	err = bench_hook(dp, &feeder, hook, full);
	feeder_clear(&feeder);
	return err;
}

int bench_rules(struct sl_dp *dp, bool full)
{
	report_head();
	return bench_feed(dp, SL_HOOK_XDP, full) || bench_feed(dp, SL_HOOK_TC_INGRESS, full);
}
