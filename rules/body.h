/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "match.h"
#include "rules.h"

/* Whether the rule's records need its body in the lists of a network class. */
bool sl_body_is_needed(const struct sl_conf_rule *rule, enum sl_l3 l3);

/*
 * Writes the struct sl_body of a rule and its operations; *at is its offset in the arena. -EOVERFLOW
 * when a condition has more ranges or names than an operation can hold.
 */
int sl_body_make(struct sl_block *block, const struct sl_conf_rule *rule,
		 const struct sl_name_key *key, __u32 *at);

/* A body that is written: at is its offset, its operations come right behind it. */
struct sl_body_writing {
	struct sl_block *block;
	__u32 at;
	__u16 limits; /* written so far */
};

/* Room for one more operation, zeroed but for its header; *out is valid until the next one. */
int sl_body_op(struct sl_body_writing *w, enum sl_op_kind kind, size_t size, __u32 arg, void **out);

/* Offset of a set, for an operation that asks these parts of the packet. */
__u32 sl_body_set(const struct sl_body_writing *w, __u32 set, const __u8 part[SL_SET_PARTS]);

/* body_match.c: what the rule asks of the packet beside the fields of the key. */
int sl_body_add_match(struct sl_body_writing *w, const struct sl_conf_match *match);
/* body_name.c: the names it asks for. */
int sl_body_add_names(struct sl_body_writing *w, const struct sl_conf_match *match,
		      const struct sl_name_key *key);
/* body_stmt.c: what it does, and its limits. */
int sl_body_add_stmts(struct sl_body_writing *w, const struct sl_conf_rule *rule);
