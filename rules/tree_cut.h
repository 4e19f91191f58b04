/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "tree_box.h"

/* What a packet that comes to a node can have, as far as it can still match one of its records. */
struct sl_region {
	struct sl_span span[SL_DIMS_MAX];
};

/* A node in the making: records by number, ascending. */
struct sl_cell {
	const __u32 *numbers;
	size_t count;
	struct sl_region region;
	__u64 budget; /* records that the leaves below may hold, count or more */
};

/* A window of bits of one dimension. Neighbouring children that hold the same records are a run. */
struct sl_cut {
	unsigned int dim;
	unsigned int shift; /* of the window's lowest bit in the dimension */
	unsigned int bits;
	__u64 base; /* of the dimension's number above the window */
	size_t runs;
	__u64 records; /* of all runs */
};

/* In 1/64 ns. */
#define SL_PRICE_RECORD 77U /* of a record in a leaf */
#define SL_PRICE_STEP	512U /* of a step down, with what the caches miss */

#define SL_CUT_BITS_MAX 16U

/* Room for what sl_cut_choose() counts. */
struct sl_cut_room {
	__u32 starts[(1U << SL_CUT_BITS_MAX) + 1];
	__u32 ends[(1U << SL_CUT_BITS_MAX) + 1];
};

/* The part of a record that lies in the region; both overlap. */
struct sl_span sl_span_clip(struct sl_span span, struct sl_span region);

/* Children that the span lies in: from *first up to *last. */
void sl_cut_reach(const struct sl_cut *cut, struct sl_span span, __u32 *first, __u32 *last);

/* The cheapest cut; false when none is cheaper than a leaf of all records. */
bool sl_cut_choose(const struct sl_boxes *boxes, const struct sl_cell *cell,
		   struct sl_cut_room *room, struct sl_cut *out);
