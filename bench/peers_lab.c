// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * A network namespace with a veth pair: packets are sent into b1 and come out of b0, where a peer
 * judges them. b0 polls (GRO is on), so that frames of XDP get there without becoming an skb first.
 * Those that nobody drops end in a program at the PREROUTING hook of netfilter, which counts them.
 */

#include "peers.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netfilter.h>

#include "sink.skel.h"

#define SINK_PRIORITY 100 /* behind the raw table */
#define SECONDS_MOST  "300" /* for a tool to load its rules */
#define TIMED_OUT     124 /* timeout(1) */

int lab_fail(struct lab *lab, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(lab->result->why, sizeof(lab->result->why), format, args);
	va_end(args);
	return 1;
}

double lab_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs it; the first line that it says is why it failed. */
static int run(struct lab *lab, const char *command)
{
	char line[160] = "", rest[160];
	FILE *out = popen(command, "r");
	int status;

	if (!out)
		return lab_fail(lab, "%s", strerror(errno));
	while (!line[0] && fgets(line, sizeof(line), out))
		line[strcspn(line, "\n")] = 0;
	while (fgets(rest, sizeof(rest), out))
		;
	status = pclose(out);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TIMED_OUT)
		return lab_fail(lab, "no end within " SECONDS_MOST " seconds");
	return lab_fail(lab, "%s", line[0] ? line : "its tool failed and said nothing");
}

int lab_sh(struct lab *lab, const char *format, ...)
{
	char command[1024];
	va_list args;
	size_t used;

	strcpy(command, "{ ");
	va_start(args, format);
	used = 2 + (size_t)vsnprintf(command + 2, sizeof(command) - 2, format, args);
	va_end(args);
	if (used + sizeof("; } 2>&1") > sizeof(command))
		return lab_fail(lab, "a command is too long");
	strcat(command, "; } 2>&1");
	return run(lab, command);
}

int lab_load(struct lab *lab, const char *format, ...)
{
	double from = lab_clock();
	char command[512];
	va_list args;
	int err;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	err = lab_sh(lab, "timeout " SECONDS_MOST " %s", command);
	lab->result->load = lab_clock() - from;
	return err;
}

FILE *lab_file(struct lab *lab, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	file = fopen(path, "w");
	if (!file)
		lab_fail(lab, "%s: %s", path, strerror(errno));
	return file;
}

int lab_written(struct lab *lab, FILE *file)
{
	return fclose(file) ? lab_fail(lab, "%s: %s", lab->dir, strerror(errno)) : 0;
}

static int sink_attach(struct lab *lab)
{
	static const __u32 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	LIBBPF_OPTS(bpf_netfilter_opts, opts, .hooknum = NF_INET_PRE_ROUTING,
		    .priority = SINK_PRIORITY);

	lab->sink = sink_bpf__open_and_load();
	if (!lab->sink)
		return lab_fail(lab, "no program at netfilter's hooks: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		opts.pf = families[i];
		lab->links[i] = bpf_program__attach_netfilter(lab->sink->progs.sink, &opts);
		if (!lab->links[i])
			return lab_fail(lab, "no program at netfilter's hooks: %s",
					strerror(errno));
	}
	return 0;
}

int lab_open(struct lab *lab)
{
	strcpy(lab->dir, "/tmp/sluice-peers-XXXXXX");
	if (!mkdtemp(lab->dir))
		return lab_fail(lab, "%s: %s", lab->dir, strerror(errno));
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		return lab_fail(lab, "no namespaces: %s", strerror(errno));
	if (lab_sh(lab, "ip link add b0 address 02:00:00:00:00:01 numrxqueues 1 numtxqueues 1"
			" type veth peer name b1 numrxqueues 1 numtxqueues 1") ||
	    lab_sh(lab, "ip link set b0 addrgenmode none && ip link set b1 addrgenmode none") ||
	    lab_sh(lab, "ethtool -K b0 gro on && ip link set b1 up && ip link set b0 up"))
		return 1;
	lab->ifindex = (int)if_nametoindex("b0");
	lab->peer_ifindex = (int)if_nametoindex("b1");
	return sink_attach(lab);
}

void lab_close(struct lab *lab)
{
	char command[128];

	bpf_link__destroy(lab->links[0]);
	bpf_link__destroy(lab->links[1]);
	sink_bpf__destroy(lab->sink);
	snprintf(command, sizeof(command), "rm -rf %s", lab->dir);
	if (system(command))
		fprintf(stderr, "peers: %s: cannot be removed\n", lab->dir);
}

int lab_xdp_fd(struct lab *lab)
{
	__u32 id = 0;
	int fd =
		bpf_xdp_query_id(lab->ifindex, 0, &id) || !id ? -ENOENT : bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		lab_fail(lab, "no XDP program on b0");
	return fd;
}
