// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* What is wrong with a configuration: librules alone, no daemon, no privilege. */

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arena.h"
#include "cleanup.h"
#include "conf_file.h"
#include "diag.h"
#include "names.h"
#include "out.h"
#include "place.h"
#include "request.h"
#include "table.h"

static json_t *json_entry(const struct sl_diag_entry *entry)
{
	return json_pack("{s:s?, s:i, s:i, s:s, s:s}", "file", entry->file, "line", entry->line,
			 "column", entry->column, "severity",
			 entry->severity == SL_ERROR ? "error" : "warning", "message",
			 entry->message);
}

void sl_diag_print_json(const struct sl_diag *diag)
{
	_cleanup_json_ json_t *list = json_array();
	size_t i;

	for (i = 0; i < diag->count; i++)
		json_array_append_new(list, json_entry(&diag->entries[i]));
	sl_json_page(list);
}

/* That the data path could take it, too: sizes are known only when it is lowered. */
static int lower(struct sl_conf *conf, struct sl_diag *diag)
{
	_cleanup_free_ void *block = NULL;
	size_t size;
	int err;

	err = sl_sets_read(conf, diag);
	if (err)
		return err;
	sl_conf_number(conf);
	return sl_conf_lower(conf, SL_ARENA_BANK0, SL_ARENA_BANK_SIZE, 1, &block, &size, diag);
}

static void print_good(const char *path, const struct sl_conf *conf)
{
	size_t i, rules = 0;

	for (i = 0; i < conf->nrules; i++)
		rules += !conf->rules[i].is_policy;
	printf("%s: good: %zu rule%s, %zu interface clause%s\n",
	       strcmp(path, "-") == 0 ? "<stdin>" : path, rules, rules == 1 ? "" : "s",
	       conf->nifaces, conf->nifaces == 1 ? "" : "s");
}

/* --- where rules run --- */

static const char *hook_of(const struct sl_conf_rule *rule, bool needs)
{
	if (rule->dir == SL_DIR_EGRESS)
		return "tc-egress";
	return needs ? "tc-ingress" : "xdp";
}

/* Behind a rule that XDP leaves to TC, for the packets that get so far, come all others. */
static void why_text(const struct sl_conf_rule *rule, const char *word, const char *before,
		     char *text, size_t size)
{
	if (rule->dir == SL_DIR_EGRESS)
		snprintf(text, size, "packets that leave pass TC only");
	else if (word)
		snprintf(text, size, "%s needs an skb", word);
	else if (before)
		snprintf(text, size, "tc-ingress for what rule %s leaves to it", before);
	else
		snprintf(text, size, "tc-ingress on interfaces without XDP");
}

static int print_places(const struct sl_conf *conf)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const char *before = NULL;
	char text[160];
	size_t i;

	sl_table_column(table, SL_LEFT, "CHAIN");
	sl_table_column(table, SL_LEFT, "RULE");
	sl_table_column(table, SL_LEFT, "RUNS AT");
	sl_table_column(table, SL_LEFT, "WHY");
	sl_table_column(table, SL_SHRINK, "TEXT");
	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];
		const char *word = NULL;
		bool needs = sl_conf_rule_needs(rule, &word) & SL_NEEDS_SKB;

		why_text(rule, word, before, text, sizeof(text));
		sl_table_cell(table, SL_PLAIN, "%s", sl_dir_names[rule->dir]);
		sl_table_cell(table, SL_PLAIN, "%s", rule->name);
		sl_table_cell(table, SL_PLAIN, "%s", hook_of(rule, needs));
		sl_table_cell(table, SL_DIM, "%s", text);
		sl_table_cell(table, SL_PLAIN, "%s", rule->text);
		if (needs && !before && rule->dir == SL_DIR_INGRESS)
			before = rule->name;
	}
	return sl_table_print(table, stdout) ? SL_EXIT_FAILED : SL_EXIT_OK;
}

/*
 * A clause that names one interface can be told to be wrong without looking at the machine; for
 * others sluiced looks when it loads the file.
 */
static int check_ifaces(const struct sl_conf *conf, struct sl_diag *diag)
{
	size_t i;

	for (i = 0; i < conf->nifaces; i++) {
		const struct sl_conf_iface *iface = &conf->ifaces[i];
		const struct sl_conf_rule *rule;
		const char *why = NULL;

		if (iface->is_glob || iface->xdp == SL_XDP_OFF || iface->tc[SL_DIR_INGRESS])
			continue;
		rule = sl_conf_skb_rule(conf, iface->pattern, &why);
		if (rule)
			sl_diag_error(
				diag, &rule->loc,
				"rule '%s' needs an skb (%s), and interface '%s' has XDP without TC ingress: add 'tc ingress' to its clause",
				rule->name, why, iface->pattern);
	}
	return diag->errors ? -EINVAL : 0;
}

int sl_cmd_check(struct sl_ctl *ctl)
{
	const char *path = ctl->nargs ? ctl->args[0] : SL_CONF_FILE;
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_conf_file_load(&conf, path, &diag) ?: check_ifaces(conf, &diag)
						    ?: lower(conf, &diag);
	if (err && !diag.count)
		return sl_fail("%s: %s", path, strerror(-err));
	if (ctl->opt[SL_OPT_JSON])
		sl_diag_print_json(&diag);
	else
		sl_diag_print(&diag, stderr);
	if (err || diag.errors)
		return SL_EXIT_FAILED;
	if (ctl->opt[SL_OPT_JSON])
		return SL_EXIT_OK;
	print_good(path, conf);
	return ctl->opt[SL_OPT_VERBOSE] ? print_places(conf) : SL_EXIT_OK;
}
