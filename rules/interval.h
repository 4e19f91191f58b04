/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Wide enough for an IPv6 address. */
typedef unsigned __int128 sl_u128;

/* The numbers low to high, both included. */
struct sl_interval {
	sl_u128 low;
	sl_u128 high;
};

/*
 * A set of numbers. In normal form, which every function below but sl_intervals_add keeps and
 * expects: ascending, disjoint and not even touching, so that equal sets have equal lists.
 */
struct sl_intervals {
	struct sl_interval *v;
	size_t count;
	size_t size;
};

/* Appends; call sl_intervals_normalise() after the last one. */
int sl_intervals_add(struct sl_intervals *set, sl_u128 low, sl_u128 high);
void sl_intervals_normalise(struct sl_intervals *set);

int sl_intervals_copy(struct sl_intervals *out, const struct sl_intervals *set);
/* What of 0 to max is not in the set. */
int sl_intervals_complement(struct sl_intervals *set, sl_u128 max);
/* set becomes what is in both. */
int sl_intervals_intersect(struct sl_intervals *set, const struct sl_intervals *other);

/* One stretch more, or less. */
int sl_intervals_unite(struct sl_intervals *set, sl_u128 low, sl_u128 high);
int sl_intervals_subtract(struct sl_intervals *set, sl_u128 low, sl_u128 high);

bool sl_intervals_have(const struct sl_intervals *set, sl_u128 number);
/* Whether all of inner is in outer. */
bool sl_intervals_cover(const struct sl_intervals *outer, const struct sl_intervals *inner);
bool sl_intervals_equal(const struct sl_intervals *a, const struct sl_intervals *b);
/* Whether the set is just low to high. */
bool sl_intervals_are(const struct sl_intervals *set, sl_u128 low, sl_u128 high);
void sl_intervals_clear(struct sl_intervals *set);
