/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "rules.h"

/* Whether the rule's records need its body in the lists of a network class. */
bool sl_body_is_needed(const struct sl_conf_rule *rule, enum sl_l3 l3);

/*
 * Writes the struct sl_body of a rule and its operations; *at is its offset in the arena. -EOVERFLOW
 * when a condition has more ranges than an operation can hold.
 */
int sl_body_make(struct sl_block *block, const struct sl_conf_rule *rule, __u32 *at);
