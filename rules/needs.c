/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

/* What only an skb has, or can: at XDP there is a frame and no more. */
static const char *skb_word(const struct sl_conf_stmt *stmt)
{
	switch (stmt->kind) {
	case SL_OP_MARK:
		return "mark";
	case SL_OP_PRIORITY:
		return "priority";
	case SL_OP_MIRROR:
		return "mirror";
	case SL_OP_SET_VLAN:
		if (stmt->vlan.change == SL_VLAN_PUSH)
			return "push vlan";
		return stmt->vlan.change == SL_VLAN_POP ? "pop vlan" : NULL;
	default:
		return NULL;
	}
}

unsigned int sl_conf_rule_needs(const struct sl_conf_rule *rule, const char **why)
{
	size_t i;

	for (i = 0; i < rule->nstmts; i++) {
		const char *word = skb_word(&rule->stmts[i]);

		if (!word)
			continue;
		*why = word;
		return SL_NEEDS_SKB;
	}
	return 0;
}
