/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "cover.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

sl_u128 sl_ones(unsigned int width)
{
	return width ? ~(sl_u128)0 >> (128 - width) : 0;
}

int sl_pieces_add(struct sl_pieces *pieces, sl_u128 value, sl_u128 mask)
{
	if (pieces->count == pieces->size) {
		size_t size = pieces->size ? pieces->size * 2 : 1;
		struct sl_piece *v = reallocarray(pieces->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		pieces->v = v;
		pieces->size = size;
	}
	pieces->v[pieces->count++] = (struct sl_piece) { value, mask };
	return 0;
}

/* How many low bits of a block that starts at low may be free. */
static unsigned int free_bits(sl_u128 low, unsigned int width)
{
	unsigned int bits;

	if ((__UINT64_TYPE__)low)
		bits = (unsigned int)__builtin_ctzll((__UINT64_TYPE__)low);
	else if (low)
		bits = 64 + (unsigned int)__builtin_ctzll((__UINT64_TYPE__)(low >> 64));
	else
		bits = width;
	return bits;
}

static int cover_interval(struct sl_pieces *out, struct sl_interval interval, unsigned int width)
{
	sl_u128 low = interval.low, last;
	unsigned int bits;

	for (;;) {
		bits = free_bits(low, width);
		while (sl_ones(bits) > interval.high - low)
			bits--;
		if (sl_pieces_add(out, low, sl_ones(width) & ~sl_ones(bits)))
			return -ENOMEM;
		last = low + sl_ones(bits);
		if (last == interval.high)
			return 0;
		low = last + 1;
	}
}

int sl_cover_prefixes(struct sl_pieces *out, const struct sl_intervals *set, unsigned int width)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (cover_interval(out, set->v[i], width))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Bits, the slow and simple way: a truth table, halved at one bit after the other. fixed are the
 * bits decided so far, value what they are.
 */
struct table {
	bool in[256];
	unsigned int width;
	struct sl_pieces *out;
};

/* Whether all numbers of the subcube say the same, and what. */
static bool is_constant(const struct table *t, unsigned int value, unsigned int fixed, bool *what)
{
	unsigned int i, all = 0, in = 0;

	for (i = 0; i < 1U << t->width; i++) {
		if ((i & fixed) != value)
			continue;
		all++;
		in += t->in[i];
	}
	*what = in;
	return in == 0 || in == all;
}

/* Whether the bit makes no difference in the subcube. */
static bool is_idle(const struct table *t, unsigned int value, unsigned int fixed, unsigned int bit)
{
	unsigned int i;

	for (i = 0; i < 1U << t->width; i++) {
		if ((i & fixed) == value && t->in[i] != t->in[i ^ bit])
			return false;
	}
	return true;
}

static int split(const struct table *t, unsigned int value, unsigned int fixed)
{
	unsigned int bit;
	bool in;

	if (is_constant(t, value, fixed, &in))
		return in ? sl_pieces_add(t->out, value, fixed) : 0;
	for (bit = 1U << (t->width - 1); bit; bit >>= 1) {
		if (!(fixed & bit) && !is_idle(t, value, fixed, bit))
			break;
	}
	assert(bit);
	if (split(t, value, fixed | bit))
		return -ENOMEM;
	return split(t, value | bit, fixed | bit);
}

int sl_cover_bits(struct sl_pieces *out, const struct sl_intervals *set, unsigned int width)
{
	struct table t = { .width = width, .out = out };
	unsigned int i;

	assert(width <= 8);
	for (i = 0; i < 1U << width; i++)
		t.in[i] = sl_intervals_have(set, i);
	return split(&t, 0, 0);
}

void sl_pieces_clear(struct sl_pieces *pieces)
{
	free(pieces->v);
	*pieces = (struct sl_pieces) {};
}
