/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "match.h"
#include "needle.h"
#include "records.h"
#include "rules.h"

/* Records of one rule that a needle leads to. */
struct sl_needle_span {
	__u32 needle;
	__u32 first;
	__u32 count;
};

/* One list of a chain. */
struct sl_needle_list {
	struct sl_records all; /* of rules that ask for needles, in their order */
	struct sl_needle_span *spans;
	size_t nspans;
	size_t size;
	struct sl_records boxes; /* of all rules that ask for needles or their absence */
};

struct sl_needle_rules {
	struct sl_needle_list list[SL_DIR_MAX_][SL_L3_MAX_][SL_L4_MAX_];
};

/* Whether a needle leads to the rule: then its records are not in the list of its chain. */
bool sl_needle_leads(const struct sl_conf_match *match);

/* A rule with conditions on the payload, in one list; end is what its records there end in. */
int sl_needle_rules_add(struct sl_needle_list *list, enum sl_l3 l3,
			const struct sl_conf_match *match, const struct sl_conf_needle *needles,
			const struct sl_spread *spread, const struct sl_record_end *end);

/* Fills in what sl_sieve_build() left open of the struct sl_scan at that offset. */
int sl_needle_rules_write(struct sl_needle_rules *rules, struct sl_block *block, __u32 scan);
void sl_needle_rules_clear(struct sl_needle_rules *rules);
