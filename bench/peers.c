// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sluice beside others, in one run, on the same rules and the same packets. Times count only where
 * the verdicts are right: see peers_run.c. What a peer cannot do, or what this machine lacks for
 * it, is a row that says so.
 *
 *	peers [--full] [--quick] [--most COUNT] [--peer NAME] [--work NAME] [--out DIRECTORY]
 *
 * --full: also what takes long, 100,000 rules and sets of a million. --quick: shows only that all
 * works. --most: no more rules or elements than that. --peer, --work: those whose names contain it; --work inspect: names and patterns, beside
 * Suricata.
 */

#include "peers.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inspect.h"
#include "peers_report.h"

bool peers_quick;

static const struct peer *const peers[] = {
	&peer_sluice_xdp, &peer_sluice_tc,  &peer_nft, &peer_nft_sid, &peer_iptables,
	&peer_bpfilter,	  &peer_xdp_filter, &peer_u32, &peer_flower,
};

#define NPEERS (sizeof(peers) / sizeof(peers[0]))

static const struct {
	enum work_kind kind;
	bool six;
	size_t count;
	bool full;
} works[] = {
	{ WORK_RULES, false, 1, false },	 { WORK_RULES, false, 10, false },
	{ WORK_RULES, false, 100, false },	 { WORK_RULES, false, 1000, false },
	{ WORK_RULES, false, 10000, false },	 { WORK_RULES, false, 100000, true },
	{ WORK_RULES, true, 1000, false },	 { WORK_RULES, true, 10000, true },
	{ WORK_ADDRS, false, 1000, false },	 { WORK_ADDRS, false, 10000, false },
	{ WORK_ADDRS, false, 100000, false },	 { WORK_ADDRS, false, 1000000, true },
	{ WORK_ADDRS, true, 1000, false },	 { WORK_ADDRS, true, 100000, true },
	{ WORK_PREFIXES, false, 1000, false },	 { WORK_PREFIXES, false, 100000, false },
	{ WORK_PREFIXES, false, 1000000, true }, { WORK_PREFIXES, true, 1000, false },
	{ WORK_PREFIXES, true, 100000, true },
};

#define NWORKS (sizeof(works) / sizeof(works[0]))

static struct options {
	bool full;
	const char *peer;
	const char *work;
	const char *out;
	size_t most;
} options = { .out = "build/bench-out", .most = SIZE_MAX };

static int measure(struct lab *lab, const struct peer *peer)
{
	struct memory memory;
	bool is_known = !memory_join(&memory);
	double before;
	int fd;

	if (lab_open(lab))
		return 1;
	if (peer->sid && sid_enter(lab))
		return 1;
	before = memory_mib(&memory);
	if (peer->load(lab))
		return 1;
	usleep(200000); /* what the tool had is given back by then */
	lab->result->mib = is_known ? memory_mib(&memory) - before : -1;
	if (run_live(lab))
		return 1;
	lab->result->ran = true;
	fd = peer->fd ? peer->fd(lab) : -1;
	if (fd < 0 || !run_test(lab, peer, fd))
		return fd < 0;
	memset(lab->result->run, 0, sizeof(lab->result->run));
	return 1;
}

static int child(const struct peer *peer, const struct work *work, struct result *result)
{
	struct lab lab = { .work = work, .result = result };
	int err = measure(&lab, peer);

	lab_close(&lab);
	return err;
}

static void run_row(const struct peer *peer, const struct work *work, struct result *result)
{
	const char *why = peer->cannot ? peer->cannot(work) : NULL, *missing;
	int status = 0;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	if (!why && peer->sid && !sid_root(&missing))
		why = missing;
	if (why) {
		snprintf(result->why, sizeof(result->why), "%s", why);
		return;
	}
	fflush(stdout);
	memory_make();
	pid = fork();
	if (!pid)
		_exit(child(peer, work, result));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		snprintf(result->why, sizeof(result->why), "%s", strerror(errno));
	else if (WIFSIGNALED(status))
		snprintf(result->why, sizeof(result->why), "%s", strsignal(WTERMSIG(status)));
	memory_remove();
}

static bool has(const char *text, const char *part)
{
	return !part || strcasestr(text, part);
}

static int run_work(struct report *report, size_t i, struct result *result)
{
	struct work work = { .kind = works[i].kind, .six = works[i].six, .count = works[i].count };

	if ((works[i].full && !options.full) || work.count > options.most ||
	    !has(work_kind_names[work.kind], options.work))
		return 0;
	if (work_make(&work)) {
		work_clear(&work);
		fprintf(stderr, "peers: no memory\n");
		return 1;
	}
	for (size_t k = 0; k < NPEERS; k++) {
		if (!has(peers[k]->name, options.peer))
			continue;
		run_row(peers[k], &work, result);
		report_row(report, peers[k], &work, result);
	}
	work_clear(&work);
	return 0;
}

static int usage(void)
{
	fputs("usage: peers [--full] [--quick] [--most COUNT] [--peer NAME] [--work NAME] [--out DIRECTORY]\n",
	      stderr);
	return 2;
}

static int options_read(char **argv)
{
	for (; *argv; argv++) {
		if (!strcmp(*argv, "--full"))
			options.full = true;
		else if (!strcmp(*argv, "--quick"))
			peers_quick = true;
		else if (!strcmp(*argv, "--most") && argv[1])
			options.most = strtoul(*++argv, NULL, 10);
		else if (!strcmp(*argv, "--peer") && argv[1])
			options.peer = *++argv;
		else if (!strcmp(*argv, "--work") && argv[1])
			options.work = *++argv;
		else if (!strcmp(*argv, "--out") && argv[1])
			options.out = *++argv;
		else
			return usage();
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct report report = {};
	int err = options_read(argv + 1);

	if (err)
		return err;
	if (result == MAP_FAILED || report_open(&report, options.out, argc, argv)) {
		fprintf(stderr, "peers: %s: %s\n", options.out, strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < NWORKS && !err; i++)
		err = run_work(&report, i, result);
	err = report_close(&report, peers, NPEERS) || err;
	if (!options.peer && has("inspect", options.work))
		err = inspect_all(options.out, options.full) || err;
	return err;
}
