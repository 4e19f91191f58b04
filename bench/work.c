// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "work.h"

#include <errno.h>
#include <stdlib.h>

#include "draw.h"
#include "feed.h"

#define SEED   1
#define MISSES 8192U /* different ones, where each takes a search through 1000 rules */

const char *const work_kind_names[WORK_KIND_MAX_] = {
	[WORK_RULES] = "rules",
	[WORK_ADDRS] = "addresses",
	[WORK_PREFIXES] = "prefixes",
};

/* Lengths as in feeds and routing tables. */
static unsigned int draw_len(struct gen_random *r, const struct work *work)
{
	static const unsigned char four[] = { 24, 24, 24, 24, 23, 22, 21, 20, 28, 32 };
	static const unsigned char six[] = { 48, 48, 48, 48, 48, 47, 44, 40, 56, 64 };

	if (work->kind == WORK_ADDRS)
		return work->six ? 128 : 32;
	return (work->six ? six : four)[gen_below(r, 10)];
}

/*
 * 1.0.0.0 to 126.255.255.255 or 2000::/3. The last bit that all elements of a set have tells hits
 * from misses, so that what is not in the set lies between what is.
 */
static unsigned __int128 draw_addr(struct gen_random *r, bool six, bool miss)
{
	unsigned __int128 addr = (unsigned __int128)gen_next(r) << 64 | gen_next(r), bit;

	if (!six) {
		bit = (__u32)1 << 12;
		addr = ((unsigned __int128)(1 + gen_below(r, 126)) << 24) |
		       (__u32)(addr & 0xffffff);
	} else {
		bit = (unsigned __int128)1 << 88;
		addr = (addr & ~((unsigned __int128)7 << 125)) | (unsigned __int128)1 << 125;
	}
	return miss ? addr | bit : addr & ~bit;
}

static int by_addr(const void *a, const void *b)
{
	const struct gen_rule *left = a, *right = b;

	if (left->addr[0].value != right->addr[0].value)
		return left->addr[0].value < right->addr[0].value ? -1 : 1;
	return (int)left->addr[0].len - (int)right->addr[0].len;
}

static void make_elements(struct gen_random *r, struct work *work)
{
	const struct gen_range any = { 0, 65535 };
	size_t have = 0, i;

	while (have < work->count) {
		for (i = have; i < work->count; i++) {
			unsigned int len = draw_len(r, work), shift = (work->six ? 128 : 32) - len;

			work->rules[i] = (struct gen_rule) { .port = { any, any } };
			work->rules[i].addr[0].len = len;
			work->rules[i].addr[0].value =
				draw_addr(r, work->six, false) >> shift << shift;
		}
		qsort(work->rules, work->count, sizeof(*work->rules), by_addr);
		for (have = 1, i = 1; i < work->count; i++)
			if (by_addr(&work->rules[have - 1], &work->rules[i]))
				work->rules[have++] = work->rules[i];
	}
}

/* What the stack would not take by itself, whoever judges it. */
static bool is_stray(const struct gen_packet *packet, bool six)
{
	return six && (packet->addr[0] >> 120 == 0xff || packet->addr[1] >> 120 == 0xff ||
		       packet->addr[0] >> 120 == 0 || packet->addr[1] >> 120 == 0);
}

static void draw_packet(struct gen_random *r, const struct work *work, enum work_packets which,
			struct gen_packet *out)
{
	do {
		if (which == WORK_HIT || work_is_set(work))
			draw_in(r, work->rules, work->count, 0, work->six, out);
		else
			draw_none(r, work->rules, work->count, work->six, out);
		if (which == WORK_MISS && work_is_set(work))
			out->addr[0] = draw_addr(r, work->six, true);
		if (work_is_set(work))
			out->addr[1] = draw_addr(r, work->six, false);
	} while (is_stray(out, work->six));
}

static void make_packets(struct gen_random *r, struct work *work, enum work_packets which)
{
	size_t distinct = work->npackets, i;

	if (which == WORK_MISS && !work_is_set(work))
		distinct = draw_distinct(work->count, MISSES);
	for (i = 0; i < work->npackets; i++) {
		if (i < distinct)
			draw_packet(r, work, which, &work->packets[which][i]);
		else
			work->packets[which][i] = work->packets[which][i % distinct];
	}
}

int work_make(struct work *work)
{
	struct gen_random r = { SEED };
	size_t i;

	work->npackets = work_is_set(work) && work->count > FEED_FLOWS ? FEED_MOST : FEED_FLOWS;
	work->rules = calloc(work->count, sizeof(*work->rules));
	for (i = 0; i < WORK_PACKETS_MAX_; i++)
		work->packets[i] = calloc(work->npackets, sizeof(struct gen_packet));
	if (!work->rules || !work->packets[0] || !work->packets[1])
		return -ENOMEM;
	if (work_is_set(work))
		make_elements(&r, work);
	else if (gen_rules(GEN_ACL, work->six, SEED, work->rules, work->count))
		return -ENOMEM;
	for (i = 0; i < work->count; i++)
		work->rules[i].accept = false;
	for (i = 0; i < WORK_PACKETS_MAX_; i++)
		make_packets(&r, work, (enum work_packets)i);
	return 0;
}

void work_clear(struct work *work)
{
	free(work->rules);
	free(work->packets[WORK_HIT]);
	free(work->packets[WORK_MISS]);
	work->rules = NULL;
	work->packets[WORK_HIT] = work->packets[WORK_MISS] = NULL;
}
