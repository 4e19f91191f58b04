/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Whether a number is in a plain set: abi/sets.h has the shapes. Each step reads one cache line, and
 * in a line the place is found without branches, which random traffic would mispredict.
 */

#include "../abi/sets.h"
#include "arena.h"
#include "inline.h"

/*
 * All ones when a < b, else 0. The compiler is kept from making a branch of it: clang 19 would, and
 * random traffic mispredicts every other one.
 */
static __always_inline __u64 set_below(__u64 a, __u64 b)
{
	__u64 borrow = a - b;

	sl_recheck(borrow);
	return (__u64)((__s64)((~a & b) | ((~a | b) & borrow)) >> 63);
}

/* The same for numbers below 2^63. */
static __always_inline __u64 set_below_small(__u64 a, __u64 b)
{
	__u64 borrow = a - b;

	sl_recheck(borrow);
	return (__u64)((__s64)borrow >> 63);
}

static __always_inline bool set_line_has(__u32 at, __u32 key)
{
	const struct sl_cell_line __arena *line = SL_AT(struct sl_cell_line, at);
	__u64 i = 0;

	i += 8 & ~set_below_small(key, line->low[i + 8]);
	i += 4 & ~set_below_small(key, line->low[i + 4]);
	i += 2 & ~set_below_small(key, line->low[i + 2]);
	i += 1 & ~set_below_small(key, line->low[i + 1]);
	return !((set_below_small(key, line->low[i]) | set_below_small(line->high[i], key)) & 1);
}

static __always_inline bool set_bits_have(__u32 at, __u64 key)
{
	return *SL_AT(__u64, at + (__u32)(key >> 6) * 8) >> (key & 63) & 1;
}

/* The last of count numbers that is not above key, or the first. */
static __always_inline __u32 set_table_find(__u32 at, __u32 count, __u32 key)
{
	__u32 base = 0, half;

	while (count > 1 && sl_can_loop) {
		half = count / 2;
		base += half & ~(__u32)set_below_small(key, *SL_AT(__u16, at + (base + half) * 2));
		count -= half;
	}
	return base;
}

static __always_inline bool set_cells_have(__u32 at, __u32 addr)
{
	__u64 cell = *SL_AT(__u64, at + (addr >> 16) * 8);
	__u32 key = addr & 0xffff, from = SL_CELL_OFFSET(cell);

	switch (SL_CELL_FORM(cell)) {
	case SL_CELL_EMPTY:
	case SL_CELL_SPAN:
		/* Of these two no one could foretell which it is. */
		return cell & ~set_below_small(key, cell >> 16 & 0xffff) &
		       ~set_below_small(cell >> 32 & 0xffff, key) & 1;
	case SL_CELL_LINES:
		from += (2 + (__u32)set_below_small(key, cell >> SL_CELL_SECOND & 0x1ffff) +
			 (__u32)set_below_small(key, cell >> SL_CELL_THIRD & 0x1ffff)) *
			sizeof(struct sl_cell_line);
		return set_line_has(from, key);
	case SL_CELL_TABLE:
		return set_line_has(from + (1 + set_table_find(from, cell >> 4 & 63, key)) *
						    sizeof(struct sl_cell_line),
				    key);
	case SL_CELL_BITS:
		return set_bits_have(from, key);
	}
	return false;
}

/* The leaf that the number would be in. */
static __always_inline __u32 set_narrow_leaf(__u32 at, __u32 count, __u64 key)
{
	__u32 base = 0, half, n = count;

	while (n > 1 && sl_can_loop) {
		half = n / 2;
		base += half & ~(__u32)set_below(key, *SL_AT(__u64, at + (base + half) * 8));
		n -= half;
		half = n / 2;
		base += half & ~(__u32)set_below(key, *SL_AT(__u64, at + (base + half) * 8));
		n -= half;
	}
	return *SL_AT(__u32, at + count * 8 + base * 4);
}

static __always_inline bool set_narrow_has(__u32 at, __u32 count, __u64 key)
{
	const struct sl_narrow_node __arena *node;
	const struct sl_narrow_line __arena *line;
	__u64 i = 0;

	node = SL_AT(struct sl_narrow_node, set_narrow_leaf(at, count, key));
	i += 4 & ~set_below(key, node->first[3]);
	i += 2 & ~set_below(key, node->first[i + 1]);
	i += 1 & ~set_below(key, node->first[i]);
	line = SL_AT(struct sl_narrow_line, node->lines + (__u32)i * (__u32)sizeof(*line));
	i = 2 & ~set_below(key, line->low[2]);
	i += 1 & ~set_below(key, line->low[i + 1]);
	return line->low[i] <= key && key <= line->high[i];
}

/* All ones when high and low are below a. */
static __always_inline __u64 set_wide_below(__u64 high, __u64 low, const struct sl_wide __arena *a)
{
	__u64 differ = a->high ^ high;

	differ = (__u64)((__s64)(differ | -differ) >> 63);
	return set_below(high, a->high) | (~differ & set_below(low, a->low));
}

static __always_inline __u32 set_wide_leaf(__u32 at, __u32 count, __u64 high, __u64 low)
{
	const __u32 unit = sizeof(struct sl_wide);
	__u32 base = 0, half, n = count;

	while (n > 1 && sl_can_loop) {
		half = n / 2;
		base += half & ~(__u32)set_wide_below(
				       high, low, SL_AT(struct sl_wide, at + (base + half) * unit));
		n -= half;
	}
	return *SL_AT(__u32, at + count * unit + base * 4);
}

static __always_inline bool set_wide_has(__u32 at, __u32 count, __u64 high, __u64 low)
{
	const struct sl_wide_node __arena *node;
	const struct sl_wide_line __arena *line;
	__u64 i = 0;

	node = SL_AT(struct sl_wide_node, set_wide_leaf(at, count, high, low));
	i += 4 & ~set_wide_below(high, low, &node->first[3]);
	i += 2 & ~set_wide_below(high, low, &node->first[i + 1]);
	i += 1 & ~set_wide_below(high, low, &node->first[i]);
	line = SL_AT(struct sl_wide_line, node->lines + (__u32)i * (__u32)sizeof(*line));
	i = 1 & ~set_wide_below(high, low, &line->low[1]);
	if (set_wide_below(high, low, &line->low[i]))
		return false;
	return line->high[i].high > high ||
	       (line->high[i].high == high && line->high[i].low >= low);
}

/* Of a root of IPv4 addresses, of whole /64s or of other numbers. */
static __always_inline bool sl_root_has(__u64 root, __u64 key)
{
	switch (SL_SET_FORM(root)) {
	case SL_FORM_CELLS:
		return set_cells_have((__u32)root, (__u32)key);
	case SL_FORM_NARROW:
		return set_narrow_has((__u32)root, SL_SET_COUNT(root), key);
	case SL_FORM_BITS:
		return key >> 6 < SL_SET_COUNT(root) && set_bits_have((__u32)root, key);
	}
	return false;
}

/* Each root is read once: what hangs on it is whole. */
#define SET_ROOT(roots, which) (*(const volatile __u64 __arena *)&(roots)->root[which])

/* high: IPv6 only. */
static __always_inline bool sl_roots_have(const struct sl_set_roots __arena *roots,
					  enum sl_set_root which, __u64 high, __u64 low)
{
	__u64 key = which == SL_ROOT_NETS ? high : low;
	__u64 hosts;

	if (sl_root_has(SET_ROOT(roots, which), key))
		return true;
	if (which != SL_ROOT_NETS)
		return false;
	hosts = SET_ROOT(roots, SL_ROOT_HOSTS);
	return hosts && set_wide_has((__u32)hosts, SL_SET_COUNT(hosts), high, low);
}
