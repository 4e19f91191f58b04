/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "interval.h"

/*
 * A masked compare: the numbers with number & mask == value. A set of numbers becomes a list of
 * disjoint pieces, which the data path compares one by one.
 */
struct sl_piece {
	sl_u128 value;
	sl_u128 mask;
};

struct sl_pieces {
	struct sl_piece *v;
	size_t count;
	size_t size;
};

/* Prefixes, as few as there can be, ascending. */
int sl_cover_prefixes(struct sl_pieces *out, const struct sl_intervals *set, unsigned int width);

/*
 * Any masks, for fields whose bits mean something each (TCP flags): `flags & (syn|ack) == syn` is
 * one piece, where prefixes take 32. Up to 8 bits wide.
 */
int sl_cover_bits(struct sl_pieces *out, const struct sl_intervals *set, unsigned int width);

int sl_pieces_add(struct sl_pieces *pieces, sl_u128 value, sl_u128 mask);
void sl_pieces_clear(struct sl_pieces *pieces);

/* width ones; width is up to 128. */
sl_u128 sl_ones(unsigned int width);
