/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Numbers that are the same in every run: a case is made again by its seed. */

#include <stdbool.h>

#include <linux/types.h>

struct chance {
	__u64 state;
};

/* splitmix64 */
static inline __u64 chance_next(struct chance *c)
{
	__u64 z = c->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* 0 to below - 1 */
static inline __u32 chance_below(struct chance *c, __u32 below)
{
	return below ? (__u32)(chance_next(c) % below) : 0;
}

static inline __u32 chance_between(struct chance *c, __u32 low, __u32 high)
{
	return low + chance_below(c, high - low + 1);
}

static inline bool chance_of(struct chance *c, __u32 percent)
{
	return chance_below(c, 100) < percent;
}

#define chance_pick(c, array) ((array)[chance_below((c), sizeof(array) / sizeof(*(array)))])
