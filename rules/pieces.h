/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "cover.h"
#include "match.h"

struct sl_conf_rule;

/* One condition of a rule, as records write it: prefixes, or ranges for ports. */
struct sl_spread_cond {
	enum sl_field field;
	enum sl_place place;
	__u8 shift;
	struct sl_pieces pieces; /* ranges: value is low, mask is high - low */
};

/* A rule's boxes in the list of one pair of classes; a record for each combination. */
struct sl_spread {
	struct sl_spread_cond conds[SL_FIELD_MAX_];
	unsigned int count;
	__u64 records; /* the product, ~0 when it is beyond 64 bits */
};

/* Only what the pair does not imply. The rule must reach the list: see sl_match_reaches(). */
int sl_spread_make(struct sl_spread *out, const struct sl_conf_rule *rule, enum sl_l3 l3,
		   enum sl_l4 l4);
void sl_spread_clear(struct sl_spread *spread);

/* Whether the condition is one for the rule's body: not for records, nor implied by another one. */
bool sl_cond_is_body(const struct sl_conf_match *match, const struct sl_cond *cond);

/* Masked compares that are true for the condition's numbers and perhaps for ones that never occur. */
int sl_cond_cover(struct sl_pieces *out, const struct sl_cond *cond);
