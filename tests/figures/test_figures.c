// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * What the data path costs in figures that no other load on the machine changes: instructions that
 * the verifier processed, size of the programs, memory of the maps, calls into the kernel for a
 * packet. Compared with tests/figures/baseline, so that a slow path is noticed on any machine.
 *
 *   test_figures            compares
 *   test_figures --write    prints a new baseline
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host.h"
#include "kernel.h"
#include "lab.h"
#include "names.h"
#include "packet.h"
#include "policy.h"
#include "prog.h"

#define FIGURES 512
#define NAME	96

struct figure {
	char name[NAME];
	unsigned long long value;
	unsigned int percent; /* by how much it may differ */
	bool seen;
};

static struct figure found[FIGURES], baseline[FIGURES];
static size_t nfound, nbaseline;

static void figure(unsigned long long value, unsigned int percent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void figure(unsigned long long value, unsigned int percent, const char *format, ...)
{
	struct figure *f = &found[nfound];
	va_list args;

	if (nfound == FIGURES)
		abort();
	va_start(args, format);
	vsnprintf(f->name, sizeof(f->name), format, args);
	va_end(args);
	f->value = value;
	f->percent = percent;
	nfound++;
}

/* --- the programs as they are shipped --- */

static unsigned long long map_bytes(const struct bpf_map *map)
{
	unsigned long long value = (bpf_map__value_size(map) + 7) & ~7U;

	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_ARENA: /* as much as is in use */
		return 0;
	case BPF_MAP_TYPE_RINGBUF:
		return bpf_map__max_entries(map);
	default: /* of what is per CPU: on one */
		return (((bpf_map__key_size(map) + 7) & ~7U) + value) * bpf_map__max_entries(map);
	}
}

/* "6.18": the verifier of another kernel counts otherwise. */
static void kernel_name(char *name, size_t size)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	snprintf(name, size, "%u.%u", major, minor);
}

static int shipped_program(const char *path, const char *wanted)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	struct bpf_program *prog;
	struct bpf_map *map;
	unsigned long long bytes = 0;
	char kernel[32];
	int err;

	if (!o)
		return -errno;
	bpf_object__for_each_program(prog, o)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), wanted));
	err = bpf_object__load(o);
	if (err)
		goto out;
	prog = bpf_object__find_program_by_name(o, wanted);
	err = bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &size);
	if (err)
		goto out;
	bpf_object__for_each_map(map, o) bytes += map_bytes(map);
	kernel_name(kernel, sizeof(kernel));
	figure(info.verified_insns, 10, "%s verified instructions of %s", kernel, wanted);
	figure(bpf_program__insn_cnt(prog), 5, "instructions of %s", wanted);
	figure(bytes, 0, "map bytes of %s", wanted);
out:
	bpf_object__close(o);
	return err;
}

/* --- calls for a packet --- */

static const struct {
	const char *name, *text;
} rule_sets[] = {
	{ "no rules", "policy accept" },
	{ "ten rules", "policy accept\n"
		       "r1: tcp dport 22 accept\nr2: tcp dport 25 accept\n"
		       "r3: saddr 192.0.2.0/24 accept\nr4: tcp dport 8000-8100 accept\n"
		       "r5: saddr 198.51.100.0/24 tcp dport 443 accept\n"
		       "r6: daddr 203.0.113.7 accept\nr7: tcp dport 3306 accept\n"
		       "r8: tcp flags & (syn|fin) == (syn|fin) accept\n"
		       "r9: saddr 10.9.0.0/16 accept\nr10: tcp sport 53 accept" },
	{ "payload bytes", "policy accept\nr: payload @0,2 == 0x1234 drop" },
	{ "limit", "policy accept\nr: limit 1000/second count" },
	{ "limit per source", "policy accept\nr: limit 1000/second per saddr count" },
	{ "log", "policy accept\nr: log snap 64" },
	{ "set ttl", "policy accept\nr: set ttl 9" },
	{ "reject", "policy accept\nr: reject" },
	{ "drop", "policy accept\nr: drop" },
};

static const struct {
	const char *name;
	const struct layer *frame;
	size_t linear;
} packets[] = {
	{ "udp", pkt(eth(), ip4(), udp(), data(100)), 0 },
	{ "tcp", pkt(eth(), ip4(), tcp(), data(100)), 0 },
	{ "udp over ipv6", pkt(eth(), ip6(), udp(), data(100)), 0 },
	{ "tcp in a tag", pkt(eth(), vlan(.id = 5), ip4(), tcp(), data(100)), 0 },
	{ "arp", pkt(eth(), arp()), 0 },
	{ "first fragment", pkt(eth(), ip4(.id = 7, .mf = 1), udp(.len = 3008), data(1000)), 0 },
	{ "extension header", pkt(eth(), ip6(), dstopts(), udp(), data(100)), 0 },
	{ "jumbo frame", pkt(eth(), ip4(), udp(), data(3400)), 0 },
	{ "headers in pieces", pkt(eth(), ip4(), udp(), data(100)), 20 },
};

static int packet_calls(const char *rules, enum way way)
{
	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		struct frame frame = lab_frame(packets[i].frame);
		struct sl_trace trace;
		__u64 before;
		int err;

		if (way_hook(way) == SL_HOOK_XDP)
			frame.linear = packets[i].linear;
		if (!lab_kernel_takes(way, &frame))
			continue;
		kernel_frags_clear();
		kernel_limits_clear();
		host_now += 1000000000ULL;
		before = kernel_calls(way);
		err = kernel_run(way, &frame, &trace);
		if (err)
			return err;
		figure(kernel_calls(way) - before, 0, "calls: %s, %s, %s", way_names[way], rules,
		       packets[i].name);
	}
	return 0;
}

static int calls(void)
{
	static const enum way ways[] = { WAY_XDP, WAY_TC_IN };
	char text[4096];

	for (size_t i = 0; i < sizeof(rule_sets) / sizeof(*rule_sets); i++) {
		const struct policy *policy;

		snprintf(text, sizeof(text), "chain ingress {\n%s\n}\n", rule_sets[i].text);
		policy = policy_new(text);
		policy_use(policy, policy_drops(policy));
		for (size_t j = 0; j < sizeof(ways) / sizeof(*ways); j++) {
			int err = packet_calls(rule_sets[i].name, ways[j]);

			if (err)
				return err;
		}
	}
	return 0;
}

/* --- the baseline --- */

static int read_baseline(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		struct figure *f = &baseline[nbaseline];
		int at = 0;

		if (line[0] == '#' || nbaseline == FIGURES)
			continue;
		if (sscanf(line, "%llu %u%% %n", &f->value, &f->percent, &at) != 2 || !at) {
			fclose(file);
			return -EINVAL;
		}
		snprintf(f->name, sizeof(f->name), "%.*s", (int)strcspn(line + at, "\n"),
			 line + at);
		nbaseline++;
	}
	fclose(file);
	return 0;
}

static void print_baseline(void)
{
	puts("# SPDX-License-Identifier: GPL-2.0-only\n"
	     "# What test_figures found when this was written: value, tolerance, name.");
	for (size_t i = 0; i < nfound; i++)
		printf("%llu %u%% %s\n", found[i].value, found[i].percent, found[i].name);
	/* Of other kernels, which are not run here. */
	for (size_t i = 0; i < nbaseline; i++) {
		char kernel[32];

		kernel_name(kernel, sizeof(kernel));
		if (strstr(baseline[i].name, " verified ") &&
		    strncmp(baseline[i].name, kernel, strlen(kernel)) != 0)
			printf("%llu %u%% %s\n", baseline[i].value, baseline[i].percent,
			       baseline[i].name);
	}
}

static bool within(const struct figure *now, const struct figure *then)
{
	unsigned long long more =
		now->value > then->value ? now->value - then->value : then->value - now->value;

	return more * 100 <= then->value * then->percent;
}

/* Fewer is a difference, too: a baseline that is too high would hide what comes next. */
static int compare(void)
{
	unsigned int passed = 0, failed = 0, skipped = 0;

	for (size_t i = 0; i < nfound; i++) {
		struct figure *then = NULL;

		for (size_t j = 0; j < nbaseline && !then; j++) {
			if (!strcmp(found[i].name, baseline[j].name))
				then = &baseline[j];
		}
		if (then)
			then->seen = true;
		if (then && within(&found[i], then)) {
			passed++;
		} else if (!then && strstr(found[i].name, " verified ")) {
			printf("skip: no baseline: %llu %s\n", found[i].value, found[i].name);
			skipped++;
		} else {
			printf("%s: %llu", found[i].name, found[i].value);
			then ? printf(", was %llu, may differ by %u%%\n", then->value,
				      then->percent)
			     : printf(", which the baseline does not have\n");
			failed++;
		}
	}
	for (size_t j = 0; j < nbaseline; j++) {
		if (!baseline[j].seen && !strstr(baseline[j].name, " verified ")) {
			printf("%s: only in the baseline\n", baseline[j].name);
			failed++;
		}
	}
	if (failed)
		printf("If that is as it should be: make bench-baseline\n");
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}

static int shipped(void)
{
	int err = shipped_program(FIGURES_XDP, SL_PROG_XDP);

	if (!err)
		err = shipped_program(FIGURES_XDP, SL_PROG_XDP_META);
	if (!err)
		err = shipped_program(FIGURES_TC, SL_PROG_TC_INGRESS);
	if (!err)
		err = shipped_program(FIGURES_TC, SL_PROG_TC_EGRESS);
	return err;
}

int main(int argc, char **argv)
{
	bool writes = argc > 1 && !strcmp(argv[1], "--write");
	/* First: each arena is mapped where that of the tests will be. */
	int err = shipped();

	if (err == -EPERM) {
		printf("skip: CAP_BPF and CAP_NET_ADMIN are missing\n");
		return 77;
	}
	if (!err)
		err = lab_setup(NULL);
	if (!err)
		err = read_baseline(FIGURES_BASELINE);
	if (err == -ENOENT && writes)
		err = 0;
	if (!err)
		err = calls();
	if (err) {
		fprintf(stderr, "test_figures: %s\n", strerror(-err));
		return 1;
	}
	if (writes)
		print_baseline();
	else
		err = compare();
	lab_teardown(NULL);
	return err;
}
