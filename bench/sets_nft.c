// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * nftables' share of the bench: a child in a network namespace of its own has a veth with a
 * chain at its ingress hook. Frames get there by BPF_PROG_TEST_RUN in its live mode, in which the
 * kernel makes an skb of each and receives it, in this thread.
 */

#include "sets_nft.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "traffic.skel.h"

#define ROUNDS 3
#define REPEAT 300000

struct result {
	double ns;
	double load;
	bool ran;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int sh(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

/* The elements, and the rule that asks for them; or a rule that drops all. */
static int script_write(const char *to, const char *path, bool six, bool prefixes)
{
	FILE *in = fopen(path, "r"), *out = fopen(to, "w");
	char line[128];

	if (!in || !out)
		return -1;
	fprintf(out, "table netdev t {\nset s {\ntype %s; %s\nelements = {\n",
		six ? "ipv6_addr" : "ipv4_addr", prefixes ? "flags interval; auto-merge;" : "");
	while (fgets(line, sizeof(line), in))
		fprintf(out, "%.*s,\n", (int)strcspn(line, "\n"), line);
	fprintf(out,
		"}\n}\nchain c {\ntype filter hook ingress device b0 priority 0; policy accept;\n%s saddr @s drop\ndrop\n}\n}\n",
		six ? "ip6" : "ip");
	fclose(in);
	return fclose(out);
}

static double turn(const struct traffic_bpf *traffic, bool six)
{
	static __u8 frame[80];
	struct xdp_md md = { .data_end = six ? 80 : 64, .ingress_ifindex = if_nametoindex("b0") };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = six ? 80 : 64,
		    .ctx_in = &md, .ctx_size_in = sizeof(md), .repeat = REPEAT,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	double from = seconds(CLOCK_THREAD_CPUTIME_ID);

	frame[12] = six ? 0x86 : 8;
	frame[13] = six ? 0xdd : 0;
	frame[14] = six ? 0x60 : 0x45;
	if (bpf_prog_test_run_opts(bpf_program__fd(traffic->progs.traffic_pass), &opts))
		return -1;
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - from) * 1e9 / REPEAT;
}

static double least(const struct traffic_bpf *traffic, bool six)
{
	double best = turn(traffic, six), ns;
	int i;

	for (i = 1; i < ROUNDS; i++) {
		ns = turn(traffic, six);
		if (ns < best)
			best = ns;
	}
	return best;
}

static struct traffic_bpf *traffic_new(const struct sl_traffic *sources)
{
	struct traffic_bpf *traffic = traffic_bpf__open_and_load();
	void *to;

	if (!traffic)
		return NULL;
	to = mmap(NULL, SL_TRAFFIC * sizeof(*sources), PROT_READ | PROT_WRITE, MAP_SHARED,
		  bpf_map__fd(traffic->maps.sources), 0);
	if (to == MAP_FAILED)
		return NULL;
	memcpy(to, sources, SL_TRAFFIC * sizeof(*sources));
	munmap(to, SL_TRAFFIC * sizeof(*sources));
	return traffic;
}

static int child(const char *path, bool six, bool prefixes, const struct sl_traffic *sources,
		 struct result *result)
{
	char script[256], command[300];
	struct traffic_bpf *traffic = traffic_new(sources);
	double from, base;

	snprintf(script, sizeof(script), "%s.nft", path);
	snprintf(command, sizeof(command), "nft -f %s", script);
	if (!traffic || unshare(CLONE_NEWNET) ||
	    sh("ip link add b0 type veth peer name b1 && ip link set b0 up") ||
	    sh("nft 'add table netdev u; add chain netdev u c { type filter hook ingress device b0 priority 0; }; add rule netdev u c drop'"))
		return 1;
	base = least(traffic, six);
	if (sh("nft delete table netdev u") || script_write(script, path, six, prefixes))
		return 1;
	from = seconds(CLOCK_MONOTONIC);
	if (sh(command))
		return 1;
	result->load = seconds(CLOCK_MONOTONIC) - from;
	result->ns = least(traffic, six) - base;
	result->ran = base > 0;
	unlink(script);
	return 0;
}

void nft_print(const char *path, bool six, bool prefixes, const struct sl_traffic *sources)
{
	struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (result == MAP_FAILED)
		return;
	fflush(stdout);
	pid = sh("command -v nft >/dev/null") ? -1 : fork();
	if (!pid)
		_exit(child(path, six, prefixes, sources, result));
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (result->ran)
		printf(" %+9.1f %9.2f", result->ns, result->load);
	else
		printf(" %9s %9s", "-", "-");
	munmap(result, sizeof(*result));
}
