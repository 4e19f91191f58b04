// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Rules and packets by chance, judged by the model and by the data path:
 *
 *   test_model                      100,000 packets that are always the same
 *   test_model --minutes 10         as long as that, from a seed that is new each time
 *   test_model --seed 7 --packets N
 *   test_model --replay FILE        a case that was written when they fell out
 *
 * Where they do not agree, the case is made as small as it gets, written, and nothing more is run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "names.h"

#define PACKETS	      100000
#define PACKETS_QUICK 10000 /* where each takes ten times as long: a guest under emulation */

struct options {
	__u64 seed, packets, minutes;
	int more; /* times that they may fall out before it ends */
	const char *replay, *write;
};

static __u64 seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec;
}

static int usage(void)
{
	fputs("usage: test_model [--seed N] [--packets N | --minutes N] [--more N] [--write FILE]\n"
	      "       test_model --replay FILE\n",
	      stderr);
	return 2;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "packets", required_argument, NULL, 'p' },
		{ "minutes", required_argument, NULL, 'm' },
		{ "more", required_argument, NULL, 'k' },
		{ "replay", required_argument, NULL, 'r' },
		{ "write", required_argument, NULL, 'w' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			o->packets = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			o->minutes = strtoull(optarg, NULL, 0);
			break;
		case 'k':
			o->more = atoi(optarg);
			break;
		case 'r':
			o->replay = optarg;
			break;
		case 'w':
			o->write = optarg;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static void show(struct fuzz_case *fc, const struct report *report, const struct options *o)
{
	FILE *to = o->write ? fopen(o->write, "w") : NULL;

	printf("they do not agree: %s\n", report->text);
	case_write(fc, stdout);
	if (to) {
		case_write(fc, to);
		fclose(to);
		printf("to see it again: build/tests/test_model --replay %s\n", o->write);
	}
}

static bool replay(const struct options *o)
{
	static struct fuzz_case fc;
	struct report report;
	FILE *from = fopen(o->replay, "r");
	bool good;

	if (!from) {
		fprintf(stderr, "%s: %s\n", o->replay, strerror(errno));
		return false;
	}
	good = case_read(&fc, from);
	fclose(from);
	if (good) {
		good = run_case(&fc, &report);
		if (!good)
			printf("they do not agree: %s\n", report.text);
	}
	case_clear(&fc);
	return good;
}

/* One case; false when they fell out. */
static bool try(__u64 seed, const struct options *o)
{
	static struct fuzz_case fc, small;
	struct report report;
	bool good;

	make_case(&fc, seed);
	good = run_case(&fc, &report);
	if (!good) {
		small = fc;
		shrink(&small, &report);
		show(&small, &report, o);
	}
	case_clear(&fc);
	return good;
}

static void summary(const struct options *o)
{
	printf("seed %llu: %llu packets in %llu cases, %llu runs; %llu decided by rules, %llu by policies; %llu changed, %llu runs given up; %llu rules refused, %llu rule sets too large\n",
	       o->seed, run_counts.packets, run_counts.cases, run_counts.runs, run_counts.by_rule,
	       run_counts.by_policy, run_counts.changed, run_counts.given_up, run_counts.refused,
	       run_counts.too_large);
	for (int i = 0; i < SL_REASON_MAX_; i++)
		printf("%s %llu%s", sl_reason_names[i], run_counts.reason[i],
		       i + 1 < SL_REASON_MAX_ ? ", " : "\n");
}

/* Of a packet's making, and of what the model knows. */
static bool is_known(int reason)
{
	switch (reason) {
	case SL_REASON_NO_VIEW:
	case SL_REASON_NO_RULES:
		return false;
	case SL_REASON_WRITE_PAST:
	case SL_REASON_LATER_FRAGMENT:
	case SL_REASON_BAD_DNS:
	case SL_REASON_REJECT_SILENT:
	case SL_REASON_REJECT_ROOM:
	case SL_REASON_REDIRECT_PORT:
	case SL_REASON_MIRROR_PORT:
	case SL_REASON_DOT:
	case SL_REASON_DOH:
	case SL_REASON_ECH:
	case SL_REASON_QUIC:
	case SL_REASON_STREAM_PENDING:
	case SL_REASON_STREAM_SPLIT:
	case SL_REASON_STREAM_BROKEN:
	case SL_REASON_STREAM_OVERLAP:
	case SL_REASON_STREAM_SIZE:
	case SL_REASON_TUNNEL_DEPTH:
	case SL_REASON_TUNNEL_FRAGMENT:
		return true;
	default:
		return sl_reason_classes[reason] < SL_CLASS_UNSENT;
	}
}

/* A reason that no packet had was not tried, nor a match that held for none. */
static int missing_reasons(void)
{
	int missing = 0;

	for (int i = 1; i < SL_REASON_MAX_; i++) {
		if (run_counts.reason[i] || !is_known(i))
			continue;
		printf("no packet had reason '%s'\n", sl_reason_names[i]);
		missing++;
	}
	for (int i = 0; i < M_SELECTORS; i++) {
		if (m_held[i] > 50)
			continue;
		printf("match %d held %llu times\n", i, m_held[i]);
		missing++;
	}
	for (int i = 0; i < M_SETS; i++) {
		if (m_done[i] > 100)
			continue;
		printf("statement %d was done %llu times\n", i, m_done[i]);
		missing++;
	}
	if (m_later < 300) {
		printf("messages began behind others %llu times\n", m_later);
		missing++;
	}
	if (m_joined < 500) {
		printf("messages were put together %llu times\n", m_joined);
		missing++;
	}
	if (!run_no_kernel &&
	    (run_counts.copies < 500 || run_counts.resets < 30 || run_counts.refused_resets < 5)) {
		printf("%llu copies and %llu resets were sent, %llu resets were not taken\n",
		       run_counts.copies, run_counts.resets, run_counts.refused_resets);
		missing++;
	}
	for (int i = 0; i < SL_REJECT_MAX_; i++) {
		if (run_counts.answered[i] > 10)
			continue;
		printf("answer %d was made %llu times\n", i, run_counts.answered[i]);
		missing++;
	}
	return missing;
}

int main(int argc, char **argv)
{
	struct options o = {
		.seed = 1,
		.packets = getenv("SLUICE_QUICK") ? PACKETS_QUICK : PACKETS,
	};
	__u64 end;
	int fell_out = 0, err, missing = 0;

	if (!read_options(argc, argv, &o))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = run_init();
	if (err) {
		fprintf(stderr, "programs do not load: %s\n", strerror(-err));
		return 1;
	}
	if (run_no_kernel)
		printf("skip: in the kernel: %s\n", run_no_kernel);
	end = seconds() + o.minutes * 60;
	if (o.replay) {
		fell_out = !replay(&o);
	} else {
		for (__u64 n = 0; fell_out <= o.more; n++) {
			if (o.minutes ? seconds() >= end : run_counts.packets >= o.packets)
				break;
			fell_out += !try(o.seed * 1000003 + n, &o);
		}
		summary(&o);
		if (!fell_out && run_counts.packets >= PACKETS)
			missing = missing_reasons();
	}
	run_exit();
	printf("%d passed, %d failed%s\n", !fell_out + !missing, !!fell_out + !!missing,
	       run_no_kernel ? ", 1 skipped" : "");
	return fell_out || missing;
}
