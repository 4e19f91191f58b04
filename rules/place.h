/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Which rules an interface can run: see SL_NEEDS_SKB. */

#include "op.h"
#include "rules.h"

/* Whether what the rule asks of the interface holds for one of that name. */
bool sl_conf_rule_applies(const struct sl_conf *conf, const struct sl_conf_rule *rule,
			  const char *name);

/*
 * The first ingress rule that can apply to the interface and needs an skb; *why is the word that
 * does. NULL: none does, and the interface may be attached in any way.
 */
const struct sl_conf_rule *sl_conf_skb_rule(const struct sl_conf *conf, const char *name,
					    const char **why);
/* Whether an ingress rule that can apply to it may answer with a longer frame than it got. */
bool sl_conf_answers_long(const struct sl_conf *conf, const char *name);
