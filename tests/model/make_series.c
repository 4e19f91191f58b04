// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Cases: a rule set, packets for it, and packets in pieces that come as an attacker likes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define PIECES 24

static void set_ways(struct chance *c, struct item *item)
{
	if (item->len > 14)
		item->linear = chance_between(
			c, 14,
			(__u32)(item->len - 1 < 160 || chance_of(c, 10) ? item->len - 1 : 160));
	/* Where the linear part of some drivers is too long for the kernel to run a test. */
	if (item->linear > 3000)
		item->linear = 3000;
	if (chance_of(c, 4)) {
		item->is_gso = true;
	} else if (chance_of(c, 4)) {
		item->has_tag = true;
		item->tci = (__u16)chance_next(c);
	}
}

static void lie_as_gso_may(struct chance *c, const struct draft *d, struct item *item)
{
	if (!item->is_gso || chance_of(c, 50))
		return;
	if (d->ip4_at && d->ip4_at + 4 <= item->len)
		memset(item->bytes + d->ip4_at + 2, 0, 2);
	if (d->ip6_at && d->ip6_at + 6 <= item->len)
		memset(item->bytes + d->ip6_at + 4, 0, 2);
}

void case_add(struct chance *c, struct fuzz_case *fc, const struct draft *d)
{
	/*
	 * Around the times after which things are forgotten, now and then; never so near that the
	 * clock of flows, which ticks about each millisecond, may say one thing or the other.
	 */
	static const __u16 waits[] = { 29, 29, 30, 30, 30, 11, 11, 59, 61, 179, 600, 7300 };
	struct item *item = &fc->item[fc->count];

	if (fc->count == ITEMS)
		return;
	fc->count++;
	*item = (struct item) { .len = d->len, .bytes = malloc(d->len + 1) };
	if (!item->bytes)
		abort();
	memcpy(item->bytes, d->bytes, d->len);
	set_ways(c, item);
	lie_as_gso_may(c, d, item);
	if (chance_of(c, 2))
		item->wait = chance_pick(c, waits) * 1017000000ULL;
}

void case_clear(struct fuzz_case *fc)
{
	for (int i = 0; i < fc->count; i++)
		free(fc->item[i].bytes);
	fc->count = 0;
}

/* Where the body is cut, and what is done to the pieces before they are sent. */
static int cut_body(struct chance *c, const struct plan *p, struct cutting *pieces)
{
	__u32 at = 0,
	      step = 8 * (chance_of(c, 60) ? chance_between(c, 1, 8) : chance_between(c, 4, 80));
	int count = 0;

	if (p->body.len > step * (PIECES - 8))
		step = (p->body.len / (PIECES - 8) + 8) & ~7U;
	do {
		__u32 size = chance_of(c, 70) ? step : 8 * chance_between(c, 1, step / 8);

		if (count == 0 && chance_of(c, 70))
			size += 24;
		if (at + size > p->body.len || count == PIECES - 8)
			size = p->body.len - at;
		pieces[count++] = (struct cutting) { true, at, size, at + size < p->body.len };
		at += size;
	} while (at < p->body.len);
	return count;
}

static int spoil(struct chance *c, struct cutting *pieces, int count)
{
	struct cutting *one = &pieces[chance_below(c, (__u32)count)];

	switch (chance_below(c, 9)) {
	case 0: /* comes again */
		pieces[count++] = *one;
		break;
	case 1: /* overlaps the next one */
		pieces[count] = *one;
		pieces[count++].size += 8 * chance_between(c, 1, 3);
		break;
	case 2: /* overlaps the one before */
		pieces[count] = *one;
		pieces[count].from -= one->from < 8 ? 0 : 8;
		pieces[count++].size += 8;
		break;
	case 3: /* is missing */
		*one = pieces[--count];
		break;
	case 4: /* says it is the last one, or that it is not */
		one->more = !one->more;
		break;
	case 5: /* its size is no multiple of 8, or nothing */
		one->size =
			chance_of(c, 30) ? 0 : one->size - chance_below(c, one->size < 8 ? 1 : 8);
		break;
	case 6: /* lies near the end of what there can be, with its header or without */
		one->from = 65536 - 8 * chance_between(c, 1, 12);
		if (chance_of(c, 70))
			one->size = 65533 + chance_below(c, 6) - one->from -
				    chance_pick(c, ((__u32[]) { 0, 20, 24, 0 }));
		if (one->size > 65536)
			one->size = 1;
		break;
	case 7: /* behind the last one */
		pieces[count] = *one;
		pieces[count++].from += 8 * chance_between(c, 1, 100);
		break;
	default: /* inside another one */
		pieces[count] = *one;
		pieces[count].from += one->size >= 16 ? 8 : 0;
		pieces[count++].size = 8;
	}
	return count;
}

static void shuffle(struct chance *c, struct cutting *pieces, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int j = (int)chance_below(c, (__u32)i + 1);
		struct cutting kept = pieces[i];

		pieces[i] = pieces[j];
		pieces[j] = kept;
	}
}

/* What tells packets in pieces apart, or must not. */
static void vary(struct chance *c, struct plan *p)
{
	switch (chance_below(c, 7)) {
	case 0:
		p->tci[0] ^= (__u16)(1U << chance_below(c, 16));
		break;
	case 1:
		p->tci[1] ^= (__u16)(1U << chance_below(c, 16));
		break;
	case 2:
		p->id ^= 1U << chance_below(c, 32);
		break;
	case 3:
		p->saddr ^= (wide)1 << chance_below(c, p->family == 4 ? 32 : 128);
		break;
	case 4:
		p->daddr ^= (wide)1 << chance_below(c, p->family == 4 ? 32 : 128);
		break;
	case 5:
		p->tos ^= (__u8)(1U << chance_below(c, 8));
		break;
	default:
		p->body_next ^= 1;
	}
}

void make_series(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d)
{
	struct cutting pieces[PIECES];
	int count = cut_body(c, p, pieces);

	for (int i = 0; i < 6 && count > 1 && chance_of(c, 35); i++)
		count = spoil(c, pieces, count);
	if (chance_of(c, 30))
		shuffle(c, pieces, count);
	for (int i = 0; i < count; i++) {
		if (pieces[i].from + pieces[i].size > FRAME_MAX - 4096)
			pieces[i].size = 8;
		if (chance_of(c, 5))
			vary(c, p);
		plan_emit(c, p, &pieces[i], d);
		if (chance_of(c, 4))
			mutate(c, d);
		case_add(c, fc, d);
	}
}

static void add_packet(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d)
{
	struct cutting whole = {};
	struct wish wish[WISHES];

	if ((fc->flavour == FLAVOUR_SAID && chance_of(c, 20)) ||
	    (fc->flavour == FLAVOUR_NAMES && chance_of(c, 8))) {
		make_connection(c, fc, p, d);
		return;
	}
	make_wish(c, &fc->conf, wish);
	if (chance_below(c, 1000) == 0) {
		make_jumbo(c, d);
		case_add(c, fc, d);
		return;
	}
	if (chance_of(c, 8) || (wish->has[M_ETHERTYPE] && wish->value[M_ETHERTYPE] != 0x800 &&
				wish->value[M_ETHERTYPE] != 0x86dd)) {
		make_other(c, wish, d);
	} else {
		make_load(c, wish, fc->flavour, fc->seed);
		plan_make(c, wish, p);
		if (chance_of(c, 8) || (wish->has[M_FRAGMENT] && wish->value[M_FRAGMENT])) {
			make_series(c, fc, p, d);
			return;
		}
		whole.size = p->body.len;
		plan_emit(c, p, &whole, d);
	}
	/* Of what is behind the headers, more must be as it should. */
	if (chance_of(c, fc->flavour == FLAVOUR_PLAIN ? 55 : 20))
		mutate(c, d);
	else if (chance_of(c, 10))
		draft_random(d, c, chance_between(c, 1, 40)); /* padding */
	case_add(c, fc, d);
}

void make_case(struct fuzz_case *fc, __u64 seed)
{
	static struct plan plan;
	static struct draft draft;
	struct chance c = { seed };

	fc->seed = seed;
	fc->count = 0;
	fc->flavour = chance_of(&c, 40) ? FLAVOUR_PLAIN
					: (int)chance_between(&c, FLAVOUR_NAMES, FLAVOUR_FLOWS);
	make_rules(&c, &fc->conf, fc->flavour);
	while (fc->count < ITEMS)
		add_packet(&c, fc, &plan, &draft);
}
