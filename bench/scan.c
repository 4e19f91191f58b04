/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * What it costs to look for many texts in a payload that has none of them: over the empty rule set,
 * for a byte. Texts and payloads are of one alphabet, or the payload is random bytes; the last rows are
 * of payloads that nearly have a text at every place, until they are given up on.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench.h"
#include "gen.h"
#include "names.h"

#define ROUNDS	5
#define BYTES	40000000U /* of payload in a turn */
#define HEADERS 42U
#define LENGTH	8942U /* of the longest frame */

enum payload {
	TEXT,
	RANDOM,
	FLOOD, /* all but the last byte of the first text, again and again */
};

static const char *const payload_names[] = { "text", "random", "nearly" };

struct scan {
	enum sl_hook hook;
	unsigned int texts; /* 0: the empty rule set */
	unsigned int low, high; /* bytes of a text */
	enum payload payload;
	unsigned int bytes; /* of payload */
	double ns;
};

/* clang-format off */
static struct scan scans[] = {
	{ SL_HOOK_XDP, 0, 0, 0, TEXT, 64, 0 },
	{ SL_HOOK_XDP, 0, 0, 0, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 0, 0, 0, TEXT, 8900, 0 },
	{ SL_HOOK_TC_INGRESS, 0, 0, 0, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 10, 8, 16, TEXT, 64, 0 },
	{ SL_HOOK_XDP, 10, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 10, 8, 16, TEXT, 8900, 0 },
	{ SL_HOOK_XDP, 1000, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 1000, 8, 16, TEXT, 8900, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, TEXT, 64, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, TEXT, 8900, 0 },
	{ SL_HOOK_XDP, 10000, 7, 7, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 1000, 8, 16, RANDOM, 1400, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, RANDOM, 1400, 0 },
	{ SL_HOOK_XDP, 10, 4, 6, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 1000, 4, 6, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 1000, 4, 6, RANDOM, 1400, 0 },
	{ SL_HOOK_XDP, 10000, 4, 6, RANDOM, 1400, 0 },
	{ SL_HOOK_XDP, 10, 2, 3, RANDOM, 1400, 0 },
	{ SL_HOOK_TC_INGRESS, 10, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_TC_INGRESS, 1000, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_TC_INGRESS, 10000, 8, 16, TEXT, 1400, 0 },
	{ SL_HOOK_XDP, 10, 8, 16, FLOOD, 1400, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, FLOOD, 1400, 0 },
	{ SL_HOOK_XDP, 10000, 8, 16, FLOOD, 8900, 0 },
};
/* clang-format on */

#define NSCANS (sizeof(scans) / sizeof(scans[0]))

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

static void text_fill(struct gen_random *r, char *to, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		to[i] = letters[gen_below(r, sizeof(letters) - 1)];
}

/* Texts end in a letter that no payload has: none of them is ever there. */
static char *scan_rules(const struct scan *scan, char *first)
{
	struct gen_random r = { scan->texts + scan->low };
	char text[64], *rules;
	size_t size;
	FILE *to = open_memstream(&rules, &size);

	if (!to)
		return NULL;
	fputs("chain ingress { policy drop\n", to);
	for (unsigned int i = 0; i < scan->texts; i++) {
		unsigned int length = scan->low + gen_below(&r, scan->high - scan->low + 1);

		text_fill(&r, text, length - 1);
		text[length - 1] = 'Z';
		text[length] = '\0';
		if (!i)
			strcpy(first, text);
		fprintf(to, "udp payload contains \"%s\" accept\n", text);
	}
	fputs("}\n", to);
	return fclose(to) ? NULL : rules;
}

/* UDP over IPv4, 10.1.0.1:4660 > 10.2.0.2:80. */
static void frame_fill(unsigned char *frame, const struct scan *scan, const char *first)
{
	static const unsigned char head[HEADERS] = {
		2,    0,    0, 0,  0, 1, 2, 0, 0,  0,  0, 2, 8,	 0, /* Ethernet */
		0x45, 0,    0, 0,  0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 2, /* IPv4 */
		0x12, 0x34, 0, 80, 0, 0, 0, 0, /* UDP */
	};
	unsigned int ip = scan->bytes + 28, udp = scan->bytes + 8;
	unsigned char *payload = frame + HEADERS;
	struct gen_random r = { 77 };
	size_t length = strlen(first);

	memcpy(frame, head, sizeof(head));
	frame[16] = (unsigned char)(ip >> 8);
	frame[17] = (unsigned char)ip;
	frame[38] = (unsigned char)(udp >> 8);
	frame[39] = (unsigned char)udp;
	text_fill(&r, (char *)payload, scan->bytes);
	for (unsigned int i = 0; i < scan->bytes; i++) {
		if (scan->payload == RANDOM)
			payload[i] = (unsigned char)gen_next(&r) & 0x7f;
		if (scan->payload == RANDOM && payload[i] == 'Z')
			payload[i] = 'z';
		if (scan->payload == FLOOD)
			payload[i] = (unsigned char)first[i % (length - 1)];
	}
}

static int scan_turn(struct scan *scan, int fd, const char *first)
{
	static unsigned char frame[LENGTH];
	unsigned int repeat = BYTES / scan->bytes / (scan->payload == FLOOD ? 8 : 1);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = HEADERS + scan->bytes, .repeat = (int)repeat);
	double start, ns;
	int err;

	frame_fill(frame, scan, first);
	start = bench_seconds();
	err = bpf_prog_test_run_opts(fd, &opts);
	ns = (bench_seconds() - start) * 1e9 / repeat;
	if (err)
		return bench_fail("search", strerror(-err));
	/* What is given up on is accepted. */
	if (scan->payload != FLOOD && opts.retval != (scan->hook == SL_HOOK_XDP ? 1U : 2U))
		return bench_fail("search", "the packet was not dropped");
	if (scan->ns == 0 || ns < scan->ns)
		scan->ns = ns;
	return 0;
}

/* Whether the rule set of the scan before is this one's. */
static bool is_same(const struct scan *a, const struct scan *b)
{
	return a->texts == b->texts && a->low == b->low && a->high == b->high;
}

static int scan_hook(struct sl_dp *dp, enum sl_hook hook)
{
	int fd = sl_dp_load_for_bench(dp, hook);
	const struct scan *before = NULL;
	char first[64] = "?", *rules;
	int err;

	if (fd < 0)
		return bench_fail(sl_hook_names[hook], sl_dp_error(dp));
	for (size_t i = 0; i < NSCANS; i++) {
		struct scan *scan = &scans[i];

		if (scan->hook != hook)
			continue;
		rules = before && is_same(before, scan) ? NULL : scan_rules(scan, first);
		err = rules ? bench_apply(dp, rules) : 0;
		free(rules);
		for (int round = 0; round < ROUNDS && !err; round++)
			err = scan_turn(scan, fd, first);
		if (err)
			return err;
		before = scan;
	}
	return 0;
}

static double empty_of(const struct scan *scan)
{
	for (size_t i = 0; i < NSCANS; i++)
		if (!scans[i].texts && scans[i].hook == scan->hook && scans[i].bytes == scan->bytes)
			return scans[i].ns;
	return 0;
}

int bench_scan(struct sl_dp *dp)
{
	if (scan_hook(dp, SL_HOOK_XDP) || scan_hook(dp, SL_HOOK_TC_INGRESS))
		return 1;
	printf("\n%-12s %6s %8s %8s %6s %10s %12s %10s\n", "payload", "texts", "of", "payload",
	       "bytes", "ns/packet", "over empty", "ns/byte");
	for (size_t i = 0; i < NSCANS; i++) {
		const struct scan *scan = &scans[i];
		double over = scan->ns - empty_of(scan);
		char of[16];

		snprintf(of, sizeof(of), "%u-%u", scan->low, scan->high);
		printf("%-12s %6u %8s %8s %6u %10.1f %+12.1f %10.3f\n",
		       scan->hook == SL_HOOK_XDP ? "xdp" : "tc", scan->texts, of,
		       payload_names[scan->payload], scan->bytes, scan->ns, over,
		       over / scan->bytes);
	}
	return 0;
}
