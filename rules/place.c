/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "place.h"

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
