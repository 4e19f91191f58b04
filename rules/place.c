/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "place.h"

#include <netinet/in.h>

#include "match.h"

bool sl_conf_rule_applies(const struct sl_conf *conf, const struct sl_conf_rule *rule,
			  const char *name)
{
	size_t i;

	for (i = 0; rule->match && i < rule->match->nifaces; i++) {
		const struct sl_cond_iface *cond = &rule->match->ifaces[i];

		if (sl_pattern_matches(conf->patterns[cond->pattern], name) == cond->negate)
			return false;
	}
	return true;
}

const struct sl_conf_rule *sl_conf_skb_rule(const struct sl_conf *conf, const char *name,
					    const char **why)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		if (rule->dir == SL_DIR_INGRESS && (sl_conf_rule_needs(rule, why) & SL_NEEDS_SKB) &&
		    sl_conf_rule_applies(conf, rule, name))
			return rule;
	}
	return NULL;
}

static bool is_tcp_only(const struct sl_conf_match *match)
{
	const struct sl_intervals *proto = match ? sl_match_find(match, SL_FIELD_PROTO) : NULL;

	return proto && sl_intervals_are(proto, IPPROTO_TCP, IPPROTO_TCP);
}

/* ICMP quotes what it answers, and an address is more than the question for it. */
static bool answers_long(const struct sl_conf_rule *rule)
{
	if (rule->action != SL_REJECT)
		return false;
	switch (rule->arg) {
	case SL_REJECT_AUTO:
		return !is_tcp_only(rule->match);
	case SL_REJECT_NET:
	case SL_REJECT_HOST:
	case SL_REJECT_PORT:
	case SL_REJECT_ADMIN:
	case SL_REJECT_A:
	case SL_REJECT_AAAA:
		return true;
	default:
		return false;
	}
}

bool sl_conf_answers_long(const struct sl_conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		if (rule->dir == SL_DIR_INGRESS && answers_long(rule) &&
		    sl_conf_rule_applies(conf, rule, name))
			return true;
	}
	return false;
}
