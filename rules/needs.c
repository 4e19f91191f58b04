/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include "match.h"

#define TCP 6

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

/* Applications that speak TCP alone. */
static bool is_tcp_app(const struct sl_intervals *apps)
{
	return !sl_intervals_have(apps, SL_APP_DNS) && !sl_intervals_have(apps, SL_APP_QUIC);
}

static bool is_tcp(const struct sl_conf_match *match)
{
	const struct sl_intervals *proto = sl_match_find(match, SL_FIELD_PROTO);
	size_t i;

	if (proto && sl_intervals_are(proto, TCP, TCP))
		return true;
	for (i = 0; i < match->nlengths; i++) {
		if (match->lengths[i].of == SL_NUMBER_APP && is_tcp_app(&match->lengths[i].set))
			return true;
	}
	return false;
}

static bool asks_what_is_said(const struct sl_conf_match *match)
{
	size_t i, part;

	for (i = 0; i < match->nsets; i++) {
		for (part = 0; part < SL_SET_PARTS; part++) {
			if (match->sets[i].part[part] >= SL_PART_QNAME)
				return true;
		}
	}
	return match->nnames || match->ntexts || match->ncontains || sl_match_asks_app(match);
}

bool sl_conf_rule_resets(const struct sl_conf_rule *rule)
{
	if (rule->action != SL_REJECT || !rule->match ||
	    (rule->arg != SL_REJECT_AUTO && rule->arg != SL_REJECT_TCP_RESET))
		return false;
	return is_tcp(rule->match) && asks_what_is_said(rule->match);
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
	if (sl_conf_rule_resets(rule)) {
		*why = "reset to both ends";
		return SL_NEEDS_SKB;
	}
	return 0;
}
