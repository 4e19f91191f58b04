// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Lies about lengths and kinds, frames that end early or late, bytes that moved. */
#include <string.h>

#include "fuzz.h"

static wide get(const struct draft *d, __u32 at, __u32 size)
{
	wide value = 0;

	while (size--)
		value = value << 8 | d->bytes[at++];
	return value;
}

/* Makes what the IP header says of its packet's length true again. */
static void fix_lengths(struct draft *d)
{
	if (d->ip4_at && d->len >= d->ip4_at + 4 && d->len - d->ip4_at <= 65535)
		draft_set(d, d->ip4_at + 2, d->len - d->ip4_at, 2);
	if (d->ip6_at && d->len >= d->ip6_at + 40 && d->len - d->ip6_at - 40 <= 65535)
		draft_set(d, d->ip6_at + 4, d->len - d->ip6_at - 40, 2);
}

static void lie(struct chance *c, struct draft *d)
{
	static const __u32 words[] = { 0,      1,      2,	   7,	   8,	   0x7fff,
				       0x8000, 0xffff, 0x1fff,	   0x2000, 0x4000, 0x3fff,
				       0xfff8, 0xfffe, 0x0800,	   0x86dd, 0x0806, 0x8100,
				       0x88a8, 0x05ff, 0x00010000, 19,	   20,	   40 };
	static const __u8 bytes[] = {
		0,  1,	2,  4,	6,  7,	17,  43,  44,  50,   51,   58,	 59,
		60, 63, 64, 65, 80, 96, 132, 135, 139, 0x40, 0x44, 0x4f, 0xff
	};
	const struct mark *m;
	wide value;

	if (!d->marks)
		return;
	m = &d->mark[chance_below(c, (__u32)d->marks)];
	if (m->at + m->size > d->len)
		return;
	value = get(d, m->at, m->size);
	switch (chance_below(c, 6)) {
	case 0:
	case 1:
		value = m->size == 1 ? (wide)chance_pick(c, bytes) : (wide)chance_pick(c, words);
		break;
	case 2:
		value += chance_of(c, 50) ? 1 : -1;
		break;
	case 3:
		value += (wide)chance_between(c, 1, 24) - 12;
		break;
	case 4:
		value ^= (wide)1 << chance_below(c, 8 * m->size);
		break;
	default:
		value = chance_next(c);
	}
	draft_set(d, m->at, value, m->size);
}

static void end_early(struct chance *c, struct draft *d)
{
	__u32 end = chance_below(c, d->len < 120 ? d->len + 1 : 120);

	if (d->marks && chance_of(c, 60)) {
		const struct mark *m = &d->mark[chance_below(c, (__u32)d->marks)];

		end = m->at + chance_below(c, 12);
	} else if (chance_of(c, 30)) {
		end = d->len - chance_below(c, d->len < 10 ? d->len + 1 : 10);
	}
	if (end < d->len)
		d->len = end;
	if (chance_of(c, 50))
		fix_lengths(d);
}

static void end_late(struct chance *c, struct draft *d)
{
	__u32 more = chance_of(c, 70) ? chance_between(c, 1, 24) : chance_between(c, 1, 300);

	if (d->len + more > FRAME_MAX)
		return;
	if (chance_of(c, 50))
		draft_random(d, c, more);
	else
		while (more--)
			draft_put(d, 0, 1);
	if (chance_of(c, 25))
		fix_lengths(d);
}

static void move_bytes(struct chance *c, struct draft *d)
{
	__u32 size = chance_between(c, 1, 8), at;

	if (d->len < 40 || d->len + size > FRAME_MAX)
		return;
	at = chance_between(c, 12, d->len < 100 ? d->len - 10 : 90);
	if (chance_of(c, 50)) {
		memmove(d->bytes + at, d->bytes + at + size, d->len - at - size);
		d->len -= size;
	} else {
		memmove(d->bytes + at + size, d->bytes + at, d->len - at);
		d->len += size;
	}
	if (chance_of(c, 50))
		fix_lengths(d);
}

void mutate(struct chance *c, struct draft *d)
{
	__u32 times = chance_of(c, 70) ? 1 : chance_between(c, 2, 4);

	while (times-- && d->len) {
		__u32 kind = chance_below(c, 100);

		if (kind < 60)
			lie(c, d);
		else if (kind < 78)
			end_early(c, d);
		else if (kind < 88)
			end_late(c, d);
		else if (kind < 94)
			d->bytes[chance_below(c, d->len < 120 ? d->len : 120)] ^=
				(__u8)(1U << chance_below(c, 8));
		else
			move_bytes(c, d);
	}
}
