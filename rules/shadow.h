/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "rules.h"

/*
 * Finds, for the rules of one chain in their order, an earlier rule that decides about all that
 * the later one matches. Candidates come from hash tables, one for each combination of lengths of
 * prefixes: an earlier rule is found under the shortest prefixes that hold all of its addresses
 * and ports, which those of a rule that it covers lie in.
 */
struct sl_shadow;

int sl_shadow_new(struct sl_shadow **out);
/* The first rule that covers this one, NULL: none. */
const struct sl_conf_rule *sl_shadow_find(struct sl_shadow *shadow,
					  const struct sl_conf_rule *rule);
/* The rule is an earlier one from here on. */
int sl_shadow_add(struct sl_shadow *shadow, const struct sl_conf_rule *rule);
/* There were so many rules alike that the search was given up, and some may have been missed. */
bool sl_shadow_gave_up(const struct sl_shadow *shadow);
void sl_shadow_freep(struct sl_shadow **shadow);
