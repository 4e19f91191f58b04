// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "stats_text.h"

#include <stdbool.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "request.h"
#include "table.h"

static void add_counter_columns(struct sl_table *table, double seconds)
{
	sl_table_column(table, SL_RIGHT, "PACKETS");
	sl_table_column(table, SL_RIGHT, "BYTES");
	if (seconds > 0) {
		sl_table_column(table, SL_RIGHT, "PACKETS/S");
		sl_table_column(table, SL_RIGHT, "RATE");
	}
}

/* What a counter gained; 0 when it began anew. */
static double gained(const json_t *now, const json_t *before, const char *key)
{
	json_int_t from = sl_json_int(before, key), to = sl_json_int(now, key);

	return before && to > from ? (double)(to - from) : 0;
}

static void add_counter(struct sl_table *table, const json_t *now, const json_t *before,
			double seconds)
{
	char text[32];

	sl_table_cell(table, SL_PLAIN, "%lld", (long long)sl_json_int(now, "packets"));
	sl_table_cell(table, SL_PLAIN, "%s",
		      sl_text_bytes((double)sl_json_int(now, "bytes"), text, sizeof(text)));
	if (seconds <= 0)
		return;
	sl_table_cell(table, SL_PLAIN, "%.0f", gained(now, before, "packets") / seconds);
	sl_table_cell(table, SL_PLAIN, "%s",
		      sl_text_bits(8 * gained(now, before, "bytes") / seconds, text, sizeof(text)));
}

static bool is_like(const json_t *a, const json_t *b, const char *key, const char *key2)
{
	return !strcmp(sl_json_text(a, key), sl_json_text(b, key)) &&
	       !strcmp(sl_json_text(a, key2), sl_json_text(b, key2));
}

/*
 * The element of list that has the same strings at both keys as other. It is at the same place, at,
 * unless something changed in between.
 */
static const json_t *find_like(const json_t *list, size_t at, const json_t *other, const char *key,
			       const char *key2)
{
	const json_t *item = json_array_get(list, at);
	size_t i;

	if (item && is_like(item, other, key, key2))
		return item;
	json_array_foreach (list, i, item) {
		if (is_like(item, other, key, key2))
			return item;
	}
	return NULL;
}

static enum sl_style verdict_style(const char *verdict)
{
	return strcmp(verdict, "drop") == 0 ? SL_BAD : SL_PLAIN;
}

/* Whether any packet met this hook. */
static bool was_met(const json_t *hook)
{
	const json_t *counter;
	const char *verdict;

	/* json_object_foreach wants what it may change. */
	json_object_foreach ((json_t *)json_object_get(hook, "verdicts"), verdict, counter) {
		if (sl_json_int(counter, "packets"))
			return true;
	}
	return false;
}

/* Accepted and dropped packets always: that there is none of these is worth a line. */
static bool is_shown(const char *verdict, const json_t *counter)
{
	return sl_json_int(counter, "packets") || !strcmp(verdict, "accept") ||
	       !strcmp(verdict, "drop");
}

static void add_hook(struct sl_table *table, const char *name, const json_t *hook,
		     const json_t *before, double seconds)
{
	const json_t *old = json_object_get(before, "verdicts"), *counter;
	const char *verdict;

	json_object_foreach ((json_t *)json_object_get(hook, "verdicts"), verdict, counter) {
		if (!is_shown(verdict, counter))
			continue;
		sl_table_cell(table, SL_PLAIN, "%s", name);
		sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(hook, "hook"));
		sl_table_cell(table, verdict_style(verdict), "%s", verdict);
		add_counter(table, counter, json_object_get(old, verdict), seconds);
	}
}

/* Hooks that no packet met are left out, as there may be nothing attached. */
static void add_iface(struct sl_table *table, const json_t *iface, const json_t *before,
		      double seconds)
{
	const char *name = sl_json_text(iface, "name");
	const json_t *hook;
	bool any = false;
	size_t i;

	json_array_foreach (json_object_get(iface, "hooks"), i, hook) {
		if (!was_met(hook))
			continue;
		any = true;
		add_hook(table, name, hook, find_like(before, i, hook, "hook", "hook"), seconds);
	}
	if (any)
		return;
	sl_table_cell(table, SL_PLAIN, "%s", name);
	sl_table_cell(table, SL_PLAIN, "-");
	sl_table_cell(table, SL_PLAIN, "-");
	add_counter(table, NULL, NULL, seconds);
}

static int print_ifaces(const json_t *list, const json_t *old, double seconds, FILE *to)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const json_t *iface, *before;
	size_t i;

	sl_table_column(table, SL_LEFT, "INTERFACE");
	sl_table_column(table, SL_LEFT, "HOOK");
	sl_table_column(table, SL_LEFT, "VERDICT");
	add_counter_columns(table, seconds);
	json_array_foreach (list, i, iface) {
		before = find_like(old, i, iface, "name", "name");
		add_iface(table, iface, json_object_get(before, "hooks"), seconds);
	}
	if (!i)
		fputs("no interfaces (see 'sluicectl attach --help')\n", to);
	return sl_table_print(table, to);
}

/* Only reasons that were met: there are many, and most stay at 0. */
static int print_reasons(const json_t *reasons, const json_t *old, double seconds, FILE *to)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const json_t *counter;
	const char *word;

	sl_table_column(table, SL_LEFT, "REASON");
	add_counter_columns(table, seconds);
	json_object_foreach ((json_t *)reasons, word, counter) {
		if (!sl_json_int(counter, "packets"))
			continue;
		sl_table_cell(table, SL_PLAIN, "%s", word);
		add_counter(table, counter, json_object_get(old, word), seconds);
	}
	if (!sl_table_is_empty(table))
		fputc('\n', to);
	return sl_table_print(table, to);
}

int sl_rules_print(const json_t *rules, const json_t *before, double seconds, FILE *to)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const json_t *rule;
	size_t i;

	sl_table_column(table, SL_LEFT, "CHAIN");
	sl_table_column(table, SL_SHRINK, "RULE");
	add_counter_columns(table, seconds);
	sl_table_column(table, SL_SHRINK, "TEXT");
	json_array_foreach (rules, i, rule) {
		sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(rule, "chain"));
		sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(rule, "name"));
		add_counter(table, rule,
			    seconds > 0 ? find_like(before, i, rule, "chain", "name") : NULL,
			    seconds);
		sl_table_cell(table, SL_DIM, "%s", sl_json_text(rule, "text"));
	}
	return sl_table_print(table, to);
}

int sl_stats_print(const json_t *stats, const json_t *before, double seconds, FILE *to)
{
	const json_t *ifaces = json_object_get(stats, "interfaces");
	const json_t *reasons = json_object_get(stats, "reasons");
	const json_t *rules = json_object_get(stats, "rules");
	int err;

	err = print_ifaces(ifaces, json_object_get(before, "interfaces"), seconds, to);
	err = err ?: print_reasons(reasons, json_object_get(before, "reasons"), seconds, to);
	if (json_array_size(rules))
		fputc('\n', to);
	return err ?: sl_rules_print(rules, json_object_get(before, "rules"), seconds, to);
}
