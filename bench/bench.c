// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What a packet costs: Sluice's programs beside bare ones, by BPF_PROG_TEST_RUN. CPU time of this
 * thread, many rounds in which all rows take their turn, the least of each row: other load on the
 * machine moves all rows alike. Absolute figures are those of this machine; the ratios carry over.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench.h"
#include "names.h"
#include "rules.h"

#include "bare.skel.h"

#define ROUNDS 90
#define REPEAT 50000

/* Ten rules that a packet of the bench meets and none of which it matches. */
static const char ten_rules[] = "chain ingress {\n"
				"	policy drop\n"
				"	r1: tcp dport 22 accept\n"
				"	r2: tcp dport 25 accept\n"
				"	r3: saddr 192.0.2.0/24 accept\n"
				"	r4: tcp dport 8000-8100 accept\n"
				"	r5: saddr 198.51.100.0/24 tcp dport 443 accept\n"
				"	r6: daddr 203.0.113.7 accept\n"
				"	r7: tcp dport 3306 accept\n"
				"	r8: tcp flags & (syn|fin) == (syn|fin) accept\n"
				"	r9: saddr 10.9.0.0/16 accept\n"
				"	r10: tcp sport 53 accept\n"
				"}\n";
static const char no_rules[] = "chain ingress { policy drop }\n";

/* In place of rules: programs that are not Sluice's. */
static const char bare_prog[] = "";
static const char slice_prog[] = "";

struct row {
	const char *name;
	const char *rules;
	enum sl_hook hook;
	size_t length;
	double ns;
};

/* clang-format off */
static struct row rows[] = {
	{ "xdp bare drop",   bare_prog, SL_HOOK_XDP,        64,   0 },
	{ "xdp bare drop",   bare_prog, SL_HOOK_XDP,        1500, 0 },
	{ "xdp bare drop",   bare_prog, SL_HOOK_XDP,        9000, 0 },
	{ "xdp one slice",   slice_prog, SL_HOOK_XDP,        64,   0 },
	{ "xdp one slice",   slice_prog, SL_HOOK_XDP,        1500, 0 },
	{ "xdp one slice",   slice_prog, SL_HOOK_XDP,        9000, 0 },
	{ "xdp empty",       no_rules,  SL_HOOK_XDP,        64,   0 },
	{ "xdp empty",       no_rules,  SL_HOOK_XDP,        1500, 0 },
	{ "xdp empty",       no_rules,  SL_HOOK_XDP,        9000, 0 },
	{ "xdp 10 rules",    ten_rules, SL_HOOK_XDP,        64,   0 },
	{ "xdp 10 rules",    ten_rules, SL_HOOK_XDP,        1500, 0 },
	{ "xdp 10 rules",    ten_rules, SL_HOOK_XDP,        9000, 0 },
	{ "tc bare drop",    bare_prog, SL_HOOK_TC_INGRESS, 64,   0 },
	{ "tc bare drop",    bare_prog, SL_HOOK_TC_INGRESS, 1500, 0 },
	{ "tc one slice",    slice_prog, SL_HOOK_TC_INGRESS, 64,   0 },
	{ "tc one slice",    slice_prog, SL_HOOK_TC_INGRESS, 1500, 0 },
	{ "tc empty",        no_rules,  SL_HOOK_TC_INGRESS, 64,   0 },
	{ "tc empty",        no_rules,  SL_HOOK_TC_INGRESS, 1500, 0 },
	{ "tc 10 rules",     ten_rules, SL_HOOK_TC_INGRESS, 64,   0 },
	{ "tc 10 rules",     ten_rules, SL_HOOK_TC_INGRESS, 1500, 0 },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(rows[0]))

int bench_fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	return 1;
}

/* TCP over IPv4, 10.1.0.1:4660 > 10.2.0.2:80, a SYN and zeros behind it. */
static void frame_fill(unsigned char *frame, size_t length)
{
	static const unsigned char head[] = {
		2,    0,    0, 0,  0, 1, 2, 0, 0,  0, 0, 2, 8,	  0, /* Ethernet */
		0x45, 0,    0, 0,  0, 1, 0, 0, 64, 6, 0, 0, 10,	  1, 0, 1, 10, 2, 0, 2, /* IPv4 */
		0x12, 0x34, 0, 80, 0, 0, 0, 0, 0,  0, 0, 0, 0x50, 2, /* TCP */
	};

	memset(frame, 0, length);
	memcpy(frame, head, sizeof(head));
	frame[16] = (length - 14) >> 8;
	frame[17] = (length - 14) & 0xff;
}

double bench_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

int bench_turn(const char *name, int fd, enum sl_hook hook, size_t length, double *least)
{
	static unsigned char frame[9000];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (__u32)length,
		    .repeat = REPEAT);
	double start, ns;
	int err;

	frame_fill(frame, length);
	start = bench_seconds();
	err = bpf_prog_test_run_opts(fd, &opts);
	ns = (bench_seconds() - start) * 1e9 / REPEAT;
	if (err)
		return bench_fail(name, strerror(-err));
	if (opts.retval != (hook == SL_HOOK_XDP ? 1U : 2U))
		return bench_fail(name, "the packet was not dropped");
	if (*least == 0 || ns < *least)
		*least = ns;
	return 0;
}

static int row_turn(struct row *row, int fd)
{
	return bench_turn(row->name, fd, row->hook, row->length, &row->ns);
}

int bench_apply(struct sl_dp *dp, const char *text)
{
	struct sl_diag diag = {};
	struct sl_conf *conf = NULL;
	int err;

	err = sl_conf_parse(&conf, "bench", ".", text, &diag);
	if (!err)
		err = sl_dp_apply(dp, conf, &diag);
	sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	sl_conf_freep(&conf);
	return err ? bench_fail("rules", sl_dp_error(dp)) : 0;
}

static bool row_of_hook(const struct row *row, enum sl_hook hook, const char *rules)
{
	return row->hook == hook && row->rules == rules;
}

/* All rows of a hook that one program, or Sluice's with one rule set, is run for. */
static int rows_run(enum sl_hook hook, const char *rules, int fd)
{
	for (size_t i = 0; i < NROWS; i++)
		if (row_of_hook(&rows[i], hook, rules) && row_turn(&rows[i], fd))
			return 1;
	return 0;
}

static int round_run(struct sl_dp *dp, enum sl_hook hook, const struct bpf_program *bare,
		     const struct bpf_program *slice, int fd)
{
	return rows_run(hook, bare_prog, bpf_program__fd(bare)) ||
	       rows_run(hook, slice_prog, bpf_program__fd(slice)) || bench_apply(dp, no_rules) ||
	       rows_run(hook, no_rules, fd) || bench_apply(dp, ten_rules) ||
	       rows_run(hook, ten_rules, fd);
}

static int bench_hook(struct sl_dp *dp, enum sl_hook hook, const struct bpf_program *bare,
		      const struct bpf_program *slice)
{
	int fd = sl_dp_load_for_bench(dp, hook);

	if (fd < 0)
		return bench_fail(sl_hook_names[hook], sl_dp_error(dp));
	for (int i = 0; i < ROUNDS; i++)
		if (round_run(dp, hook, bare, slice, fd))
			return 1;
	return 0;
}

static const struct row *row_bare(const struct row *row)
{
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].rules == bare_prog && rows[i].hook == row->hook &&
		    rows[i].length == row->length)
			return &rows[i];
	return row;
}

static void report(void)
{
	struct utsname uts;

	uname(&uts);
	printf("kernel %s, %ld CPUs, least of %d rounds of %d\n\n", uts.release,
	       sysconf(_SC_NPROCESSORS_ONLN), ROUNDS, REPEAT);
	printf("%-16s %6s %10s %12s %10s\n", "row", "bytes", "ns/packet", "over bare", "ratio");
	for (size_t i = 0; i < NROWS; i++) {
		const struct row *bare = row_bare(&rows[i]);

		printf("%-16s %6zu %10.1f %+12.1f %10.2f\n", rows[i].name, rows[i].length,
		       rows[i].ns, rows[i].ns - bare->ns, rows[i].ns / bare->ns);
	}
}

static int bench_packets(struct sl_dp *dp)
{
	struct bare_bpf *skel = bare_bpf__open_and_load();
	int err;

	if (!skel)
		return bench_fail("bare programs", strerror(errno));
	err = bench_hook(dp, SL_HOOK_XDP, skel->progs.bare_xdp, skel->progs.slice_xdp) ||
	      bench_hook(dp, SL_HOOK_TC_INGRESS, skel->progs.bare_tc, skel->progs.slice_tc);
	if (!err)
		report();
	bare_bpf__destroy(skel);
	return err;
}

/* The parts that were asked for; all of them when none was. */
static bool is_asked(char **argv, const char *part)
{
	bool any = false;

	for (; *argv; argv++) {
		if (!strcmp(*argv, part))
			return true;
		any |= strcmp(*argv, "--full") != 0;
	}
	return !any;
}

static bool is_full(char **argv)
{
	while (*argv && strcmp(*argv, "--full"))
		argv++;
	return *argv != NULL;
}

/* bench [--full] [latency] [packets] [features] [flows] [dns] [scan] [rules] */
int main(int argc, char **argv)
{
	struct sl_dp *dp = NULL;
	int err;

	(void)argc;
	err = sl_dp_new(&dp, NULL);
	if (err)
		return bench_fail("libdp", strerror(-err));
	err = sl_dp_start(dp) ? bench_fail("start", sl_dp_error(dp)) : 0;
	if (!err && is_asked(argv + 1, "latency"))
		err = bench_latency();
	if (!err && is_asked(argv + 1, "packets"))
		err = bench_packets(dp);
	if (!err && is_asked(argv + 1, "features"))
		err = bench_features(dp);
	if (!err && is_asked(argv + 1, "flows"))
		err = bench_flows(dp);
	if (!err && is_asked(argv + 1, "dns"))
		err = bench_dns(dp);
	if (!err && is_asked(argv + 1, "scan"))
		err = bench_scan(dp);
	if (!err && is_asked(argv + 1, "rules"))
		err = bench_rules(dp, is_full(argv + 1));
	sl_dp_freep(&dp);
	return err;
}
