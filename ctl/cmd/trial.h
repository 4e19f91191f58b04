/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A data path of our own, with nothing attached: what a configuration makes of a frame is what the
 * programs say that would judge it on an interface, run by the kernel.
 */

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "rules.h"

struct sl_split;
struct sl_trial;

/*
 * conf stays the caller's, and stays there. iface: as which interface; NULL: as none that a rule
 * names. what: who asks, for messages. Returns an exit status; what is wrong has been said.
 */
int sl_trial_new(struct sl_trial **out, struct sl_conf *conf, enum sl_hook hook, const char *iface,
		 const char *what);
void sl_trial_freep(struct sl_trial **trial);

/* 0, or a negative errno with words in sl_trial_error. out gets the frame as it was left. */
int sl_trial_run(struct sl_trial *trial, const void *frame, size_t length, struct sl_trace *trace,
		 void *out, size_t max, size_t *out_length);
const char *sl_trial_error(const struct sl_trial *trial);

/* The rule that decided, or NULL when a reason did. */
const struct sl_conf_rule *sl_trial_rule(const struct sl_trial *trial,
					 const struct sl_trace *trace);
/* What the program left in its memory at an offset; NULL: at 0. It holds until the next run. */
const void *sl_trial_at(const struct sl_trial *trial, __u32 offset);
/* Another hook, with all else as it is. */
int sl_trial_hook(struct sl_trial *trial, enum sl_hook hook);

/* Before a frame that is to be explained: no rule has matched any yet. */
int sl_trial_fresh(struct sl_trial *trial);
/* Whether it has since. */
bool sl_trial_matched(struct sl_trial *trial, const struct sl_conf_rule *rule);
/* The trees that packets of these classes go through. */
unsigned int sl_trial_trees(const struct sl_trial *trial, enum sl_dir dir, enum sl_l3 l3,
			    enum sl_l4 l4);
/*
 * Which conditions of rules hold for a frame: sets held[i] for each part that `split` has. What
 * was judged before is not touched. 0, or a negative errno as above.
 */
int sl_trial_parts(struct sl_trial *trial, struct sl_split *split, const void *frame, size_t length,
		   bool *held);

/* "ingress" or "egress", as a chain and as who judges there. */
static inline enum sl_dir sl_hook_dir(enum sl_hook hook)
{
	return hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS;
}
