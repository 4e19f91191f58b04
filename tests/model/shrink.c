// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <string.h>

#include "fuzz.h"

/* Whether they still fall out over the smaller case, and not over rules that no longer compile. */
static bool falls_out(const struct fuzz_case *fc, struct report *report)
{
	struct report other;

	if (run_case(fc, &other) || (other.item < 0) != (report->item < 0))
		return false;
	*report = other;
	return true;
}

static void shrink_items(struct fuzz_case *fc, struct report *report)
{
	if (report->item >= 0)
		fc->count = report->item + 1;
	for (int i = fc->count - 1; i >= 0; i--) {
		struct item kept = fc->item[i];

		memmove(&fc->item[i], &fc->item[i + 1], (size_t)(fc->count - i - 1) * sizeof(kept));
		fc->count--;
		if (fc->count && falls_out(fc, report))
			continue;
		memmove(&fc->item[i + 1], &fc->item[i], (size_t)(fc->count - i) * sizeof(kept));
		fc->item[i] = kept;
		fc->count++;
	}
}

static void shrink_rule(struct fuzz_case *fc, struct m_rule *rule, struct report *report)
{
	for (int i = rule->count - 1; i >= 0 && rule->count > 1; i--) {
		struct m_rule kept = *rule;

		memmove(&rule->match[i], &rule->match[i + 1],
			(size_t)(--rule->count - i) * sizeof(*rule->match));
		if (!falls_out(fc, report))
			*rule = kept;
	}
}

static void shrink_rules(struct fuzz_case *fc, struct report *report)
{
	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		struct m_chain *chain = &fc->conf.chain[dir];

		for (int i = chain->count - 1; i >= 0; i--) {
			struct m_chain kept = *chain;

			memmove(&chain->rule[i], &chain->rule[i + 1],
				(size_t)(--chain->count - i) * sizeof(*chain->rule));
			if (!falls_out(fc, report))
				*chain = kept;
		}
		for (int i = 0; i < chain->count; i++)
			shrink_rule(fc, &chain->rule[i], report);
	}
	for (int i = fc->conf.ons - 1; i >= 0; i--) {
		struct m_conf kept = fc->conf;

		memmove(&fc->conf.on[i], &fc->conf.on[i + 1],
			(size_t)(--fc->conf.ons - i) * sizeof(*fc->conf.on));
		if (!falls_out(fc, report))
			fc->conf = kept;
	}
}

/* The frames are kept: a copy of the case owns those that are left out. */
void shrink(struct fuzz_case *fc, struct report *report)
{
	shrink_items(fc, report);
	shrink_rules(fc, report);
}
