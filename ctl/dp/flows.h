/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include "rule.h"

struct sl_conf;
struct sl_dp;

/* The memory that the rule set at that offset, not yet in force, needs for flows. */
int dp_flows_prepare(struct sl_dp *dp, const struct sl_conf *conf, __u32 ruleset);
bool dp_flows_used(const struct sl_ruleset *set);
/*
 * Behind the switch: flows are forgotten where the table has another size now or is not needed, and
 * verdicts of rules that are gone. old is what the rule set before said, which used flows.
 */
void dp_flows_commit(struct sl_dp *dp, const struct sl_flow_conf *old,
		     const struct sl_ruleset *now);
