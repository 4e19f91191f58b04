/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the files about sets share. */

#include "private.h"
#include "set_content.h"

#define DP_BODY_SIZE \
	((__u32)((sizeof(struct sl_set_body) + SL_SET_ALIGN - 1) & ~(size_t)(SL_SET_ALIGN - 1)))

/* sets.c */
/* struct sl_set[rules->nsets]; NULL: none. */
struct sl_set *dp_sets_of(const struct sl_dp *dp, const struct sl_ruleset *rules);
int dp_body_new(struct sl_dp *dp, enum sl_set_type type, const struct sl_conf_elems *elems,
		const __u64 digest[2], __u32 *out);
/* changes: with what was added and deleted at run time. */
void dp_body_free(struct sl_dp *dp, __u32 at, bool changes);

/* set_change.c */
/* Makes a change that was cut off. */
int dp_body_redo(struct sl_dp *dp, struct sl_set *set);
