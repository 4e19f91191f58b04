// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What sets cost: `saddr @set drop` over the empty rule set, for packets whose sources are all in
 * the set, and for random ones. A million sources come before one comes again. CPU time of this
 * thread, rounds in which both rule sets take their turn, the least of each. What the same costs
 * with others is in peers.c.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "dp.h"
#include "feeder.h"
#include "rules.h"
#include "set_content.h"

#define ROUNDS 5
#define REPEAT 1000000

enum family {
	V4,
	V6
};

struct row {
	const char *what;
	enum family family;
	bool prefixes;
	size_t count;
};

static const struct row rows[] = {
	{ "v4 addresses", V4, false, 1000 },	{ "v4 addresses", V4, false, 100000 },
	{ "v4 addresses", V4, false, 1000000 }, { "v4 prefixes", V4, true, 1000 },
	{ "v4 prefixes", V4, true, 100000 },	{ "v4 prefixes", V4, true, 1000000 },
	{ "v6 prefixes", V6, true, 1000 },	{ "v6 prefixes", V6, true, 100000 },
	{ "v6 prefixes", V6, true, 1000000 },	{ "v6 addresses", V6, false, 1000 },
	{ "v6 addresses", V6, false, 100000 },	{ "v6 addresses", V6, false, 1000000 },
};

static struct sl_dp *dp;
static struct feeder feeder;
static struct gen_packet *packets; /* FEED_MOST of them */

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	return 1;
}

static __u64 random_next(void)
{
	static __u64 state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 2685821657736338717ULL;
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- elements --- */

/* Lengths as in feeds and routing tables: most are /24, and /48. */
static unsigned int length_draw(const struct row *row)
{
	static const unsigned char four[] = { 24, 24, 24, 24, 23, 22, 21, 20, 28, 32 };
	static const unsigned char six[] = { 48, 48, 48, 48, 48, 47, 44, 40, 56, 64 };

	if (!row->prefixes)
		return row->family == V4 ? 32 : 128;
	return (row->family == V4 ? four : six)[random_next() % 10];
}

/* IPv6 below 2000::/3. */
static void addr_draw(const struct row *row, __u8 addr[16])
{
	__u64 high = random_next(), low = random_next();

	memset(addr, 0, 16);
	memcpy(addr, &high, 8);
	if (row->family == V4)
		return;
	addr[0] = 0x20 | (addr[0] & 0x1f);
	memcpy(addr + 8, &low, 8);
}

struct element {
	__u8 addr[16];
	unsigned int length;
};

static void element_draw(const struct row *row, struct element *element)
{
	unsigned int bit, width = row->family == V4 ? 32 : 128;

	element->length = length_draw(row);
	addr_draw(row, element->addr);
	for (bit = element->length; bit < width; bit++)
		element->addr[bit / 8] &= (__u8) ~(0x80 >> bit % 8);
}

static void element_print(const struct row *row, const struct element *element, FILE *to)
{
	const __u8 *a = element->addr;
	int i;

	if (row->family == V4) {
		fprintf(to, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	} else {
		for (i = 0; i < 8; i++)
			fprintf(to, "%s%x", i ? ":" : "", a[2 * i] << 8 | a[2 * i + 1]);
	}
	if (row->prefixes)
		fprintf(to, "/%u", element->length);
	fputc('\n', to);
}

static struct element *elements_make(const struct row *row, const char *path)
{
	struct element *elements = calloc(row->count, sizeof(*elements));
	FILE *file = fopen(path, "w");
	size_t i;

	for (i = 0; elements && file && i < row->count; i++) {
		element_draw(row, &elements[i]);
		element_print(row, &elements[i], file);
	}
	if (file)
		fclose(file);
	return file ? elements : NULL;
}

/* --- packets --- */

static unsigned __int128 addr_value(const struct row *row, const __u8 addr[16])
{
	unsigned int i, bytes = row->family == V4 ? 4 : 16;
	unsigned __int128 value = 0;

	for (i = 0; i < bytes; i++)
		value = value << 8 | addr[i];
	return value;
}

static void packets_fill(const struct row *row, const struct element *elements, bool hit)
{
	unsigned int bit, width = row->family == V4 ? 32 : 128;
	__u8 addr[16];
	size_t i;

	for (i = 0; i < FEED_MOST; i++) {
		const struct element *in = &elements[random_next() % row->count];

		addr_draw(row, addr);
		for (bit = 0; hit && bit < in->length && bit < width; bit++) {
			__u8 mask = (__u8)(0x80 >> bit % 8);

			addr[bit / 8] =
				(__u8)((addr[bit / 8] & ~mask) | (in->addr[bit / 8] & mask));
		}
		packets[i] = (struct gen_packet) { .addr = { addr_value(row, addr), 0 },
						   .port = { 0, 80 },
						   .proto = 6 };
	}
	feeder_fill(&feeder, packets, FEED_MOST);
}

static double turn(const struct row *row)
{
	unsigned char frame[FEEDER_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = REPEAT);
	double from;

	opts.data_size_in = (__u32)feeder_frame(frame, row->family == V6);
	from = seconds(CLOCK_THREAD_CPUTIME_ID);
	if (bpf_prog_test_run_opts(feeder_fd(&feeder, row->family == V6), &opts) ||
	    opts.retval != 1)
		return -1;
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - from) * 1e9 / REPEAT;
}

/* --- a row --- */

static struct sl_conf *conf_make(const char *text)
{
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};

	if (sl_conf_parse(&conf, "bench", ".", text, &diag))
		sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	return conf;
}

static int apply(struct sl_conf *conf)
{
	struct sl_diag diag = {};
	int err = sl_dp_apply(dp, conf, &diag);

	sl_diag_clear(&diag);
	return err ? fail("apply", sl_dp_error(dp)) : 0;
}

/* ns over the empty rule set. */
static int cost(const struct row *row, struct sl_conf *empty, struct sl_conf *set, double *out)
{
	double least[2] = { 1e9, 1e9 }, ns;
	int round, which;

	for (round = 0; round < ROUNDS; round++) {
		for (which = 0; which < 2; which++) {
			if (apply(which ? set : empty))
				return 1;
			ns = turn(row);
			if (ns < 0)
				return fail(row->what, "the packet was not dropped");
			if (ns < least[which])
				least[which] = ns;
		}
	}
	*out = least[1] - least[0];
	return 0;
}

static int measure(const struct row *row, const struct element *elements, struct sl_conf *empty,
		   const char *path)
{
	double from = seconds(CLOCK_MONOTONIC), loaded, hit = 0, miss = 0;
	struct sl_conf *set;
	struct sl_dp_set info;
	char text[256];
	int err;

	snprintf(
		text, sizeof(text),
		"set s { type addr; file \"%s\" }\nchain ingress { policy drop\ns: saddr @s drop\n }",
		path);
	set = conf_make(text);
	if (!set || apply(set) || sl_dp_set_find(dp, "s", &info))
		return fail(row->what, sl_dp_error(dp));
	loaded = seconds(CLOCK_MONOTONIC) - from;
	packets_fill(row, elements, true);
	err = cost(row, empty, set, &hit);
	packets_fill(row, elements, false);
	err = err ?: cost(row, empty, set, &miss);
	printf("%-14s %8zu %+9.1f %+9.1f %9.2f %9.1f", row->what, row->count, hit, miss, loaded,
	       (double)info.bytes / (1 << 20));
	sl_conf_freep(&set);
	return err;
}

static int measure_row(const struct row *row, struct sl_conf *empty)
{
	char path[] = "/tmp/sluice-bench-XXXXXX";
	int fd = mkstemp(path), err;
	struct element *elements;

	if (fd < 0)
		return fail(path, strerror(errno));
	close(fd);
	elements = elements_make(row, path);
	err = elements ? measure(row, elements, empty, path) : fail(path, "cannot be written");
	putchar('\n');
	fflush(stdout);
	unlink(path);
	free(elements);
	return err;
}

static int prepare(void)
{
	int fd;

	packets = calloc(FEED_MOST, sizeof(*packets));
	if (!packets)
		return fail("packets", strerror(ENOMEM));
	if (feeder_new(&feeder, FEEDER_XDP))
		return fail("feeding programs", strerror(errno));
	if (sl_dp_new(&dp, NULL) || sl_dp_start(dp))
		return fail("start", dp ? sl_dp_error(dp) : "no memory");
	fd = sl_dp_load_for_bench(dp, SL_HOOK_XDP);
	if (fd < 0)
		return fail("load", sl_dp_error(dp));
	if (feeder_to(&feeder, fd))
		return fail("tail call", strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, i;
	struct sl_conf *empty = conf_make("chain ingress { policy drop }");
	int err = !empty || prepare();

	if (!err)
		printf("sets: ns a packet over the empty rule set, at XDP, least of %d rounds of %d\n\n"
		       "%-14s %8s %9s %9s %9s %9s\n",
		       ROUNDS, REPEAT, "elements", "count", "hit", "miss", "load s", "MiB");
	for (i = 0; i < sizeof(rows) / sizeof(*rows) && !err; i++)
		if (rows[i].count <= most)
			err = measure_row(&rows[i], empty);
	sl_conf_freep(&empty);
	sl_dp_freep(&dp);
	feeder_clear(&feeder);
	free(packets);
	return err;
}
