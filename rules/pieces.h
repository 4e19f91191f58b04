/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "cover.h"
#include "match.h"

/* One condition of a rule, as records write it: masked compares, or ranges for ports. */
struct sl_spread_cond {
	const struct sl_field_info *field;
	struct sl_pieces pieces; /* ranges: value is low, mask is high - low */
};

/* A rule's conditions for the list of one pair of classes; a record for each combination. */
struct sl_spread {
	struct sl_spread_cond conds[SL_FIELD_MAX_];
	unsigned int count;
	__u64 records; /* the product, ~0 when it is beyond 64 bits */
};

/* Only what the pair does not imply. The rule must reach the list: see sl_match_reaches(). */
int sl_spread_make(struct sl_spread *out, const struct sl_conf_match *match, enum sl_l3 l3,
		   enum sl_l4 l4);
void sl_spread_clear(struct sl_spread *spread);
