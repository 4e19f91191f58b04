/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Sets of names in the arena: what sets.c does to all sets over reloads, and set_change.c at run time. */

#include "dp.h"
#include "private.h"
#include "set_content.h"
#include "set_heap.h"

/*
 * A body with these names, which are each once in the list then, and the changes that old has noted
 * (NULL: none); the notes are old's as well. Counters go on for names that old has.
 */
int dp_names_new(struct sl_dp *dp, struct sl_domains *names, bool counters, const __u64 digest[2],
		 const struct sl_names_body *old, __u32 *out);
/* changes: with the notes of what was changed at run time. */
void dp_names_free(struct sl_dp *dp, __u32 at, bool changes);
void dp_names_blocks(struct sl_dp *dp, __u32 at, sl_block_fn *call, void *arg);
/* After a restart: a change that was noted is made, if it was cut off. */
int dp_names_redo(struct sl_dp *dp, __u32 at);

int dp_names_change(struct sl_dp *dp, struct sl_set *set, const char *const *texts, size_t count,
		    bool add);
int dp_names_flush(struct sl_dp *dp, struct sl_set *set);
/* Whether each name that the text stands for is in the set. */
int dp_names_test(struct sl_dp *dp, const struct sl_set *set, const char *text, bool *in);
int dp_names_list(struct sl_dp *dp, const struct sl_set *set, sl_dp_elem_fn *call, void *arg);
__u32 dp_names_count(struct sl_dp *dp, const struct sl_set *set);
