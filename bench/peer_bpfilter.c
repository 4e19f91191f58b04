// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* bpfilter, from a root of sid: an XDP chain. Versions up to 0.6 have a daemon that does the work. */

#include "peers.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TCP  6
#define ICMP 1

static void print_addrs(FILE *to, const struct gen_rule *rule, bool six)
{
	static const char *const names[] = { "snet", "dnet" };

	for (int side = 0; side < 2; side++) {
		if (!rule->addr[side].len)
			continue;
		fprintf(to, " ip%d.%s eq ", six ? 6 : 4, names[side]);
		gen_print_prefix(&rule->addr[side], six, to);
	}
}

static void print_rule(FILE *to, const struct gen_rule *rule, bool six)
{
	static const char *const ports[] = { "sport", "dport" };
	const char *proto = rule->proto == TCP ? "tcp" : "udp";

	fputs("rule", to);
	print_addrs(to, rule, six);
	if (!rule->addr[0].len && !rule->addr[1].len)
		fprintf(to, " meta.l3_proto eq %s", six ? "ipv6" : "ipv4");
	if (rule->proto)
		fprintf(to, " meta.l4_proto eq %u", rule->proto == ICMP && six ? 58U : rule->proto);
	for (int side = 0; side < 2; side++)
		if (gen_has_port(rule, side))
			fprintf(to, " %s.%s range %u-%u", proto, ports[side], rule->port[side].low,
				rule->port[side].high);
	fputs(" DROP\n", to);
}

static void print_set(FILE *to, const struct work *work)
{
	bool nets = work->kind == WORK_PREFIXES;

	fprintf(to, "rule (ip%d.%s) in {\n", work->six ? 6 : 4, nets ? "snet" : "saddr");
	for (size_t i = 0; i < work->count; i++) {
		const struct gen_prefix *prefix = &work->rules[i].addr[0];

		if (nets)
			gen_print_prefix(prefix, work->six, to);
		else
			gen_print_addr(prefix->value, work->six, to);
		fputc('\n', to);
	}
	fputs("} DROP\n", to);
}

static int write_rules(struct lab *lab)
{
	const struct work *work = lab->work;
	FILE *to = lab_file(lab, "rules.bf");

	if (!to)
		return 1;
	fprintf(to, "chain c BF_HOOK_XDP{ifindex=%d} ACCEPT\n", lab->ifindex);
	if (work_is_set(work))
		print_set(to, work);
	for (size_t i = 0; !work_is_set(work) && i < work->count; i++)
		print_rule(to, &work->rules[i], work->six);
	return lab_written(lab, to);
}

/* Dies with this process. */
static void daemon_run(const char *root)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	execlp("chroot", "chroot", root, "bpfilter", "--transient", (char *)NULL);
	_exit(1);
}

static int daemon_start(struct lab *lab)
{
	const char *why, *root = sid_root(&why);
	char path[400];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/usr/sbin/bpfilter", root);
	if (access(path, X_OK))
		snprintf(path, sizeof(path), "%s/usr/bin/bpfilter", root);
	if (access(path, X_OK))
		return 0;
	pid = fork();
	if (!pid)
		daemon_run(root);
	if (pid < 0)
		return lab_fail(lab, "%s", strerror(errno));
	snprintf(path, sizeof(path), "%s/run/bpfilter/daemon.sock", root);
	for (int i = 0; i < 100 && access(path, F_OK); i++)
		usleep(50000);
	return 0;
}

static int load(struct lab *lab)
{
	return write_rules(lab) || daemon_start(lab) ||
	       lab_load(lab, "%sbfcli ruleset set --from-file %s/rules.bf", lab->enter, lab->dir);
}

const struct peer peer_bpfilter = {
	.name = "bpfilter, sid",
	.load = load,
	.fd = lab_xdp_fd,
	.linear = true,
	.sid = true,
	.version = "dpkg-query -W -f 'bpfilter ${Version}' bpfilter",
};
