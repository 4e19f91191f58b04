/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "records.h"

/*
 * The records of a list as boxes: in each dimension, a field of the key, the numbers low to high.
 * What a record asks beyond its box only makes it match less, so that a tree over boxes finds it.
 */

#define SL_DIMS_MAX 8

struct sl_dim {
	__u8 word; /* enum sl_ref_word */
	__u8 shift;
	__u8 width;
};

struct sl_span {
	__u64 low;
	__u64 high;
};

struct sl_boxes {
	enum sl_l3 l3;
	const struct sl_records *records;
	const struct sl_dim *dims;
	unsigned int ndims;
	struct sl_span *span[SL_DIMS_MAX]; /* [dimension][record] */
	bool *decides; /* [record]: whatever packet is in the box, the walk ends there */
};

/* block: where the records' bodies are. */
int sl_boxes_make(struct sl_boxes *out, const struct sl_block *block, enum sl_l3 l3,
		  const struct sl_records *records);
void sl_boxes_clear(struct sl_boxes *boxes);
