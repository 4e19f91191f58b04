// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* The rules of a case, compiled; those that the compiler says no packet can match are taken out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "names.h"
#include "rules.h"
#include "run.h"
#include "wire.h"

struct loaded loaded;

static void remove_rule(struct m_chain *chain, int i)
{
	memmove(&chain->rule[i], &chain->rule[i + 1],
		(size_t)(--chain->count - i) * sizeof(*chain->rule));
}

/* Takes out the rule that stands in this line. False: no rule does. */
static bool refuse(unsigned int line, const struct lines *lines)
{
	for (int dir = SL_DIR_MAX_ - 1; dir >= 0; dir--) {
		struct m_chain *chain = &loaded.conf.chain[dir];
		struct m_chain *refused = &loaded.refused.chain[dir];

		for (int i = chain->count - 1; i >= 0; i--) {
			if (line < lines->line[dir][i])
				continue;
			if (i == chain->count - 1 && dir + 1 < SL_DIR_MAX_ &&
			    loaded.conf.chain[dir + 1].count && line >= lines->line[dir + 1][0])
				return false;
			if (refused->count < M_RULES)
				refused->rule[refused->count++] = chain->rule[i];
			remove_rule(chain, i);
			run_counts.refused++;
			return true;
		}
	}
	return false;
}

static bool is_refusal(const struct sl_diag_entry *entry)
{
	return strstr(entry->message, "never match") || strstr(entry->message, "no packet") ||
	       strstr(entry->message, "more than 65,536");
}

static bool parse(struct sl_conf **conf, struct report *report)
{
	for (;;) {
		struct sl_diag diag = {};
		struct lines lines;
		char *text = conf_text(&loaded.conf, &lines);
		int err = sl_conf_parse(conf, "case", ".", text, &diag);
		bool removed = false;

		/* From the last line on, so that those before stay what they are. */
		for (size_t i = diag.count; err && i-- > 0 && !removed;) {
			if (diag.entries[i].severity == SL_ERROR && is_refusal(&diag.entries[i]))
				removed = refuse(diag.entries[i].line, &lines);
		}
		if (err && !removed)
			run_failed(report, -1, "rules do not compile: %s\n%.3000s",
				   diag.count ? diag.entries[0].message : strerror(-err), text);
		free(text);
		sl_diag_clear(&diag);
		if (!err || !removed)
			return !err;
	}
}

static void note_slots(const struct sl_conf *conf)
{
	int next[SL_DIR_MAX_] = {};

	loaded.slots = 0;
	for (size_t i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		loaded.slot[rule->dir][rule->is_policy ? M_POLICY : next[rule->dir]++] = rule->slot;
		if (rule->slot > loaded.slots)
			loaded.slots = rule->slot;
	}
}

/* docs/rules.md, "How much": too large is no fault. */
static bool lower(const struct sl_conf *conf, void **block, size_t *size, struct report *report)
{
	struct sl_diag diag = {};
	int err = sl_conf_lower(conf, SL_ARENA_BANK0, 1U << 24, 1, block, size, &diag);

	loaded.too_large = err == -E2BIG;
	run_counts.too_large += loaded.too_large;
	if (err)
		run_failed(report, -1, "rules are not lowered: %s",
			   diag.count ? diag.entries[0].message : strerror(-err));
	sl_diag_clear(&diag);
	return !err;
}

/* The daemon finds interfaces by their names. */
static void open_ports(char *arena, __u32 ifindex)
{
	const struct sl_ruleset *set = (const void *)(arena + SL_ARENA_BANK0);

	for (__u32 i = 0; i < set->nports; i++) {
		struct sl_rule_port *port =
			(void *)(arena + set->ports + i * sizeof(struct sl_rule_port));

		port->ifindex = strcmp(arena + port->name, "there0") ? 0 : ifindex;
	}
}

bool load_rules(const struct fuzz_case *fc, struct report *report)
{
	struct sl_conf *conf = NULL;
	void *block = NULL;
	size_t size;
	bool good;

	loaded.too_large = false;
	loaded.is_sent = fc->seed % 4 < 2;
	loaded.is_refused = fc->seed % 8 == 0;
	loaded.conf = fc->conf;
	loaded.refused = (struct m_conf) {};
	if (!parse(&conf, report))
		return false;
	loaded.needs = m_needs(&loaded.conf);
	sl_conf_number(conf);
	conf->name_key = (const void *)(host_arena + SL_ARENA_NAME_KEY);
	good = !place_sets(conf) || run_failed(report, -1, "no room for the sets of the rules");
	good = good && lower(conf, &block, &size, report);
	if (good) {
		note_slots(conf);
		memcpy(host_arena + SL_ARENA_BANK0, block, size);
		((struct sl_root *)(host_arena + SL_ARENA_ROOT))->ruleset = SL_ARENA_BANK0;
		loaded.conf.streams = ((struct sl_ruleset *)block)->needs & SL_NEEDS_STREAM;
	}
	if (good)
		open_ports(host_arena, 1);
	if (good && !run_no_kernel) {
		memcpy(kernel_arena + SL_ARENA_BANK0, block, size);
		((struct sl_root *)(kernel_arena + SL_ARENA_ROOT))->ruleset = SL_ARENA_BANK0;
		open_ports(kernel_arena, wire_port);
	}
	free(block);
	sl_conf_freep(&conf);
	return good;
}
