/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Rule sets in both arenas, written from the text that an operator would write. */

#include <linux/types.h>

/* Compiles text and puts it beside the others; it is not in force yet. The test fails on errors. */
struct policy *policy_new(const char *text);
/* The same of these rules, in both chains. */
struct policy *policy_of(const char *rules);
/* Puts the rule set in force, with the reasons in drop_reasons dropped: bit r for reason r. */
void policy_use(const struct policy *policy, __u64 drop_reasons);
/* What `on` lines in the text, or the defaults, say. */
__u64 policy_drops(const struct policy *policy);
/* The counter of a rule by its name; "policy" for the policy. */
__u32 policy_slot(const struct policy *policy, const char *chain, const char *name);
/* As if a rule asked for it: SL_NEEDS_ bits. */
void policy_need(const struct policy *policy, __u32 needs);
/* Places of its flow table: also fewer than the language takes. */
void policy_flows(const struct policy *policy, __u32 size);
/* No rule set is in force. */
void policy_none(void);
void policy_free_all(void);
