// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Bytes being put together. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

void draft_mark(struct draft *d, __u32 at, __u32 size)
{
	if (d->marks < MARKS)
		d->mark[d->marks++] = (struct mark) { at, size };
}

void draft_set(struct draft *d, __u32 at, wide value, __u32 size)
{
	while (size--) {
		d->bytes[at + size] = (__u8)value;
		value >>= 8;
	}
}

void draft_put(struct draft *d, wide value, __u32 size)
{
	if (d->len + size > FRAME_MAX)
		abort();
	draft_set(d, d->len, value, size);
	d->len += size;
}

void draft_append(struct draft *d, const struct draft *part, __u32 from, __u32 size)
{
	if (d->len + size > FRAME_MAX)
		abort();
	for (int i = 0; i < part->marks; i++) {
		const struct mark *m = &part->mark[i];

		if (m->at >= from && m->at + m->size <= from + size)
			draft_mark(d, d->len + m->at - from, m->size);
	}
	memcpy(d->bytes + d->len, part->bytes + from, size);
	d->len += size;
}

void draft_random(struct draft *d, struct chance *c, __u32 size)
{
	while (size >= 8) {
		draft_put(d, chance_next(c), 8);
		size -= 8;
	}
	draft_put(d, chance_next(c), size);
}
