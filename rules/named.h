/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Records of rules that ask for names: they are found by the name and stand in no tree, so that a
 * packet meets those of its own name and no others, however many there are. abi/rule.h has how they
 * lie in the block.
 */

#include "block.h"
#include "match.h"
#include "records.h"

#define SL_NAMED_CLASSES (SL_L3_MAX_ * SL_L4_MAX_)

struct sl_named_node;

/* Of one chain. */
struct sl_named_rules {
	struct sl_named_node *nodes;
	size_t count;
	__u32 *table; /* places of nodes from 1 on, by hash */
	size_t size; /* a power of two, or 0 */
	bool has[SL_NAMED_CLASSES]; /* there are records of the class */
};

/* The condition that the rule is found by; NULL: there is none. */
const struct sl_cond_name *sl_named_by(const struct sl_conf_match *match);
/* The rule's records for one list, behind those of rules before it, for each name of a condition. */
int sl_named_add(struct sl_named_rules *named, const struct sl_cond_name *cond,
		 const struct sl_name_key *key, enum sl_l3 l3, enum sl_l4 l4,
		 const struct sl_spread *spread, const struct sl_record_end *end);
/* *at: offset of the struct sl_named_index, 0 when there are no such rules. */
int sl_named_write(struct sl_named_rules *named, struct sl_block *block,
		   const struct sl_name_key *key, __u32 *at);
void sl_named_clear(struct sl_named_rules *named);
