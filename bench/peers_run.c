// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Verdicts first: packets that a rule matches are all dropped and the others all accepted, counted
 * where they were sent, where they came in, and where those end that passed. Then time: CPU time of
 * this thread, which the softirq runs in, and of this CPU's ksoftirqd, in which it runs when it has
 * much to do. Runs are made long enough to be told from what a run itself costs.
 */

#include "peers.h"

#include <errno.h>
#include <ifaddrs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "feeder.h"

#include "sink.skel.h"

#define CHECKED	   4096 /* packets of each kind whose verdicts are looked at */
#define BATCH	   64 /* frames that are sent at once; a veth's ring holds 256 */
#define ROUNDS	   5
#define TARGET	   0.25 /* seconds of CPU a round */
#define FIRST_RUN  1024
#define LEAST_LIVE 64

/* CPU of ksoftirqd of this CPU, where softirqs go that are too much for whom they met. */
static double ksoftirqd_seconds(void)
{
	static char path[64];
	unsigned long long ns = 0;
	char command[64];
	FILE *from;

	if (!path[0]) {
		snprintf(command, sizeof(command), "pgrep -x ksoftirqd/%d", sched_getcpu());
		from = popen(command, "r");
		if (!from || fscanf(from, "%llu", &ns) != 1)
			ns = 0;
		if (from)
			pclose(from);
		snprintf(path, sizeof(path), "/proc/%llu/schedstat", ns);
	}
	from = fopen(path, "r");
	if (!from || fscanf(from, "%llu", &ns) != 1)
		ns = 0;
	if (from)
		fclose(from);
	return (double)ns * 1e-9;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static __u64 arrived(void)
{
	struct ifaddrs *all, *one;
	__u64 packets = 0;

	if (getifaddrs(&all))
		return 0;
	for (one = all; one; one = one->ifa_next)
		if (!strcmp(one->ifa_name, "b0") && one->ifa_addr &&
		    one->ifa_addr->sa_family == AF_PACKET && one->ifa_data)
			packets = ((struct rtnl_link_stats *)one->ifa_data)->rx_packets;
	freeifaddrs(all);
	return packets;
}

/* The counter of ifaddrs has 32 bits. */
static __u64 since(__u64 before)
{
	return (__u32)(arrived() - before);
}

static int pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned int)sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/* --- test runs --- */

static int test_once(struct lab *lab, struct feeder *feeder, __u32 repeat, __u32 *verdict,
		     double *seconds)
{
	unsigned char frame[FEEDER_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = (int)repeat);
	double start;
	int err;

	opts.data_size_in = (__u32)feeder_frame(frame, lab->work->six);
	start = cpu_seconds();
	err = bpf_prog_test_run_opts(feeder_fd(feeder, lab->work->six), &opts);
	*seconds = cpu_seconds() - start;
	*verdict = opts.retval;
	return err ? lab_fail(lab, "test run: %s", strerror(-err)) : 0;
}

static const char *kind_word(enum work_packets which)
{
	return which == WORK_HIT ? "a rule matches" : "no rule matches";
}

static bool is_right(const struct peer *peer, enum work_packets which, __u32 verdict)
{
	if (which == WORK_HIT)
		return verdict == (peer->tc ? 2U : 1U);
	/* TC_ACT_OK, or TC_ACT_UNSPEC: go on to the next. */
	return peer->tc ? verdict == 0 || verdict == (__u32)-1 : verdict == 2;
}

static int test_check(struct lab *lab, const struct peer *peer, struct feeder *feeder,
		      enum work_packets which)
{
	__u32 verdict;
	double unused;

	for (int i = 0; i < CHECKED; i++) {
		if (test_once(lab, feeder, 1, &verdict, &unused))
			return 1;
		if (!is_right(peer, which, verdict))
			return lab_fail(lab, "verdict %d for packet %d, of which %s", (int)verdict,
					i, kind_word(which));
	}
	return 0;
}

/* From a short run to one of the wanted length; the least of several. */
static int test_time(struct lab *lab, struct feeder *feeder, enum work_packets which)
{
	double seconds, ns, least = 0, target = peers_quick ? TARGET / 50 : TARGET;
	__u32 repeat = FIRST_RUN, verdict;

	if (test_once(lab, feeder, repeat, &verdict, &seconds))
		return 1;
	if (seconds < target)
		repeat = (__u32)(repeat * (target / seconds));
	for (int i = 0; i < (peers_quick ? 1 : ROUNDS); i++) {
		feeder_rewind(feeder);
		if (test_once(lab, feeder, repeat, &verdict, &seconds))
			return 1;
		ns = seconds * 1e9 / repeat;
		if (least == 0 || ns < least)
			least = ns;
	}
	lab->result->run[which] = least;
	return 0;
}

static int test_all(struct lab *lab, const struct peer *peer, struct feeder *feeder)
{
	for (enum work_packets which = 0; which < WORK_PACKETS_MAX_; which++) {
		feeder_fill(feeder, lab->work->packets[which], lab->work->npackets);
		if (test_check(lab, peer, feeder, which) || test_time(lab, feeder, which))
			return 1;
	}
	return 0;
}

int run_test(struct lab *lab, const struct peer *peer, int fd)
{
	enum feeder_kind kind = peer->tc       ? FEEDER_TC
				: peer->linear ? FEEDER_XDP_LINEAR
					       : FEEDER_XDP;
	struct feeder feeder = {};
	int err = feeder_new(&feeder, kind);

	if (err)
		return lab_fail(lab, "feeding programs: %s", strerror(-err));
	err = feeder_to(&feeder, fd);
	/* libxdp's dispatcher cannot be called: then there are live figures only. */
	if (err)
		err = lab_fail(lab, "test run: %s", strerror(-err));
	else
		err = test_all(lab, peer, &feeder);
	feeder_clear(&feeder);
	return err;
}

/* --- live --- */

static int live_once(struct lab *lab, struct feeder *feeder, __u32 repeat, double *seconds)
{
	unsigned char frame[FEEDER_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = (int)repeat,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	double start;
	int err;

	opts.data_size_in = (__u32)feeder_frame(frame, lab->work->six);
	start = cpu_seconds() + ksoftirqd_seconds();
	err = bpf_prog_test_run_opts(feeder_fd(feeder, lab->work->six), &opts);
	*seconds = cpu_seconds() + ksoftirqd_seconds() - start;
	return err ? lab_fail(lab, "live test run: %s", strerror(-err)) : 0;
}

/* ksoftirqd may be at the last of them yet. */
static __u64 settled(__u64 before)
{
	for (int i = 0; i < 100 && since(before) < CHECKED; i++)
		usleep(1000);
	return since(before);
}

static int live_check(struct lab *lab, struct feeder *feeder, enum work_packets which)
{
	__u64 in = arrived(), passed = lab->sink->bss->sink_packets, wanted;
	double unused;

	for (int sent = 0; sent < CHECKED; sent += LEAST_LIVE * 4)
		if (live_once(lab, feeder, LEAST_LIVE * 4, &unused))
			return 1;
	in = settled(in);
	passed = lab->sink->bss->sink_packets - passed;
	wanted = which == WORK_HIT ? 0 : in;
	if (in != CHECKED)
		return lab_fail(lab, "of %d packets sent %llu came in", CHECKED, in);
	if (passed != wanted)
		return lab_fail(lab, "of %d packets of which %s %llu passed", CHECKED,
				kind_word(which), passed);
	return 0;
}

static int live_time(struct lab *lab, struct feeder *feeder, enum work_packets which)
{
	double seconds, ns, least = 0, target = peers_quick ? TARGET / 50 : TARGET;
	__u32 repeat = LEAST_LIVE;
	__u64 in;

	/* The first runs are too short to tell: setting one up costs as much as many packets. */
	do {
		repeat *= 8;
		if (live_once(lab, feeder, repeat, &seconds))
			return 1;
	} while (seconds < target / 8);
	if (seconds < target)
		repeat = (__u32)(repeat * (target / seconds));
	for (int i = 0; i < (peers_quick ? 1 : ROUNDS); i++) {
		in = arrived();
		if (live_once(lab, feeder, repeat, &seconds))
			return 1;
		in = since(in);
		ns = seconds * 1e9 / repeat;
		if (in >= repeat - repeat / 100 && (least == 0 || ns < least))
			least = ns;
	}
	lab->result->live[which] = least;
	return least == 0 ? lab_fail(lab, "too many frames were lost on the way") : 0;
}

int run_live(struct lab *lab)
{
	struct feeder feeder = {};
	int err = feeder_new(&feeder, FEEDER_LIVE);

	if (err)
		return lab_fail(lab, "feeding programs: %s", strerror(-err));
	feeder_out(&feeder, lab->peer_ifindex);
	if (pin())
		err = lab_fail(lab, "affinity: %s", strerror(errno));
	for (enum work_packets which = 0; !err && which < WORK_PACKETS_MAX_; which++) {
		feeder_fill(&feeder, lab->work->packets[which], lab->work->npackets);
		err = live_check(lab, &feeder, which) || live_time(lab, &feeder, which);
	}
	feeder_clear(&feeder);
	return err;
}
