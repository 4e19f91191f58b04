/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Rules taken apart: each condition of a rule as a rule of its own that only counts. Put in force
 * in place of the whole, the counters tell of a packet which conditions held, and it is the data
 * path that says so. What needs no match, as limits, has no part.
 */

#include "rules.h"

struct sl_split {
	struct sl_conf conf; /* its rules are its own, the rest is borrowed */
	size_t *of; /* for each of its rules: which of those asked for; policies come last */
	size_t nparts;
};

/* The parts of conf->rules[which[i]], in order; their text is the condition in the rule's words. */
int sl_split_make(struct sl_split *out, const struct sl_conf *conf, const size_t *which,
		  size_t count);
void sl_split_clear(struct sl_split *split);

/* Whether a packet of these classes is compared with the rule at all. */
bool sl_conf_rule_reaches(const struct sl_conf_rule *rule, enum sl_l3 l3, enum sl_l4 l4);
/* Its matches that depend on more than the packet: limits and sampling. *out is malloc'ed. */
int sl_conf_rule_chance(const struct sl_conf *conf, const struct sl_conf_rule *rule, char **out);
/* Where the rule is written; false: nowhere, as a policy that is not. */
bool sl_conf_rule_place(const struct sl_conf_rule *rule, const char **file, unsigned int *line);
