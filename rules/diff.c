/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"
#include "nametab.h"
#include "print.h"

const char *const sl_change_names[SL_CHANGE_MAX_] = {
	[SL_ADDED] = "added",
	[SL_REMOVED] = "removed",
	[SL_CHANGED] = "changed",
	[SL_MOVED] = "moved",
};

/* One thing of a configuration, in a list of things that have an order. */
struct item {
	char *key; /* what it is told apart by */
	char *text;
	const char *name; /* NULL: none */
	struct item *other; /* in the other configuration; NULL: it is not there */
	unsigned int place; /* from 1 */
	bool stays; /* in its order among those that are in both */
};

struct list {
	struct item *v;
	size_t count;
};

static void list_clear(struct list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->v[i].key);
		free(list->v[i].text);
	}
	free(list->v);
}

static int list_init(struct list *list, size_t most)
{
	list->v = calloc(most + 1, sizeof(*list->v));
	return list->v ? 0 : -ENOMEM;
}

static int find_others(struct list *old, struct list *new)
{
	_cleanup_(sl_nametab_clear) struct sl_nametab tab = {};
	size_t i;

	for (i = 0; i < old->count; i++) {
		if (sl_nametab_put(&tab, old->v[i].key, &old->v[i]))
			return -ENOMEM;
	}
	for (i = 0; i < new->count; i++) {
		struct item *other = sl_nametab_get(&tab, new->v[i].key);

		new->v[i].other = other;
		if (other)
			other->other = &new->v[i];
	}
	return 0;
}

/*
 * What keeps its order: a longest ascending sequence of old places, in new order. last[n] is the
 * item that a sequence of n + 1 ends with at the lowest place, before[i] what stands before i.
 */
static int find_staying(const struct list *new)
{
	_cleanup_free_ size_t *last = calloc(new->count + 1, sizeof(*last));
	_cleanup_free_ size_t *before = calloc(new->count + 1, sizeof(*before));
	size_t longest = 0, i;

	if (!last || !before)
		return -ENOMEM;
	for (i = 0; i < new->count; i++) {
		size_t low = 0, high = longest;

		if (!new->v[i].other)
			continue;
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (new->v[last[middle]].other->place < new->v[i].other->place)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? last[low - 1] : 0;
		last[low] = i;
		longest = low == longest ? longest + 1 : longest;
	}
	for (i = longest ? last[longest - 1] : 0; longest; i = before[i], longest--)
		new->v[i].stays = true;
	return 0;
}

static int report(const struct item *old, const struct item *new, enum sl_change_kind kind,
		  struct sl_conf_change change, sl_change_fn *call, void *arg)
{
	change.kind = kind;
	change.name = new ? new->name : old->name;
	change.before = old ? old->text : NULL;
	change.after = new ? new->text : NULL;
	change.from = old ? old->place : 0;
	change.to = new ? new->place : 0;
	return call(arg, &change);
}

/* The change says what the lists are about. */
static int compare_lists(struct list *old, struct list *new, struct sl_conf_change about,
			 sl_change_fn *call, void *arg)
{
	size_t i;
	int err;

	err = find_others(old, new);
	if (!err)
		err = find_staying(new);
	for (i = 0; !err && i < old->count; i++) {
		if (!old->v[i].other)
			err = report(&old->v[i], NULL, SL_REMOVED, about, call, arg);
	}
	for (i = 0; !err && i < new->count; i++) {
		const struct item *item = &new->v[i];

		if (!item->other)
			err = report(NULL, item, SL_ADDED, about, call, arg);
		else if (strcmp(item->other->text, item->text) != 0)
			err = report(item->other, item, SL_CHANGED, about, call, arg);
		else if (!item->stays)
			err = report(item->other, item, SL_MOVED, about, call, arg);
	}
	return err;
}

/* An unnamed rule is its text, and its number among those with that text. */
static int rule_key(struct sl_nametab *tab, const struct sl_conf_rule *rule, struct item *item)
{
	struct sl_buf buf = {};
	size_t *count;

	if (!strchr(rule->name, '#')) {
		item->name = rule->name;
		item->key = strdup(rule->name);
		return item->key ? 0 : -ENOMEM;
	}
	count = sl_nametab_get(tab, rule->text);
	if (!count) {
		count = calloc(1, sizeof(*count));
		if (!count || sl_nametab_put(tab, rule->text, count)) {
			free(count);
			return -ENOMEM;
		}
	}
	sl_buf_add(&buf, "#%zu %s", ++*count, rule->text);
	return sl_buf_take(&buf, &item->key);
}

static void counts_clear(struct sl_nametab *tab)
{
	size_t i;

	for (i = 0; i < tab->size; i++)
		free(tab->entries[i].value);
	sl_nametab_clear(tab);
}

static int list_rules(struct list *list, const struct sl_conf *conf, enum sl_dir dir)
{
	_cleanup_(counts_clear) struct sl_nametab counts = {};
	size_t i;
	int err;

	err = list_init(list, conf->nrules);
	for (i = 0; !err && i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];
		struct item *item = &list->v[list->count];

		if (rule->dir != dir || rule->is_policy)
			continue;
		list->count++;
		item->place = (unsigned int)list->count;
		item->text = strdup(rule->text);
		err = item->text ? rule_key(&counts, rule, item) : -ENOMEM;
	}
	return err;
}

static int print_item(struct list *list, const char *name, struct sl_buf *buf)
{
	struct item *item = &list->v[list->count++];
	int err;

	item->place = (unsigned int)list->count;
	item->name = name;
	err = sl_buf_take(buf, &item->text);
	if (err)
		return err;
	item->key = strdup(name);
	return item->key ? 0 : -ENOMEM;
}

static int list_ifaces(struct list *list, const struct sl_conf *conf)
{
	size_t i;
	int err;

	err = list_init(list, conf->nifaces);
	for (i = 0; !err && i < conf->nifaces; i++) {
		struct sl_buf buf = {};

		sl_iface_print(&buf, &conf->ifaces[i]);
		err = print_item(list, conf->ifaces[i].pattern, &buf);
	}
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* The order of sets means nothing. */
static int list_sets(struct list *list, const struct sl_conf *conf)
{
	size_t i;
	int err;

	err = list_init(list, conf->nsets);
	for (i = 0; !err && i < conf->nsets; i++) {
		struct sl_buf buf = {};

		if (!conf->sets[i].name)
			continue;
		sl_set_print(&buf, &conf->sets[i]);
		err = print_item(list, conf->sets[i].name, &buf);
	}
	if (err)
		return err;
	qsort(list->v, list->count, sizeof(*list->v), compare_names);
	for (i = 0; i < list->count; i++)
		list->v[i].place = (unsigned int)i + 1;
	return 0;
}

typedef int list_fn(struct list *list, const struct sl_conf *conf);

static int diff_things(const struct sl_conf *old, const struct sl_conf *new, const char *what,
		       list_fn *make, sl_change_fn *call, void *arg)
{
	_cleanup_(list_clear) struct list before = {}, after = {};
	int err;

	err = make(&before, old);
	if (!err)
		err = make(&after, new);
	if (err)
		return err;
	return compare_lists(&before, &after, (struct sl_conf_change) { .what = what }, call, arg);
}

static const struct sl_conf_rule *policy_of(const struct sl_conf *conf, enum sl_dir dir)
{
	size_t i = 0;

	while (!conf->rules[i].is_policy || conf->rules[i].dir != dir)
		i++;
	return &conf->rules[i];
}

static int diff_chain(const struct sl_conf *old, const struct sl_conf *new, enum sl_dir dir,
		      sl_change_fn *call, void *arg)
{
	_cleanup_(list_clear) struct list before = {}, after = {};
	struct sl_conf_change change = {
		.kind = SL_CHANGED,
		.what = "policy",
		.chain = sl_dir_names[dir],
		.before = policy_of(old, dir)->text,
		.after = policy_of(new, dir)->text,
	};
	int err = 0;

	if (strcmp(change.before, change.after) != 0)
		err = call(arg, &change);
	if (!err)
		err = list_rules(&before, old, dir);
	if (!err)
		err = list_rules(&after, new, dir);
	if (err)
		return err;
	return compare_lists(&before, &after,
			     (struct sl_conf_change) { .what = "rule", .chain = sl_dir_names[dir] },
			     call, arg);
}

static int diff_reasons(const struct sl_conf *old, const struct sl_conf *new, sl_change_fn *call,
			void *arg)
{
	unsigned int reason;
	int err = 0;

	for (reason = SL_REASON_NONE + 1; !err && reason < SL_REASON_MAX_; reason++) {
		bool dropped = old->drop_reasons >> reason & 1;
		bool drops = new->drop_reasons >> reason & 1;
		const struct sl_conf_change change = {
			.kind = SL_CHANGED,
			.what = "reason",
			.name = sl_reason_names[reason],
			.before = sl_verdict_names[dropped ? SL_DROP : SL_ACCEPT],
			.after = sl_verdict_names[drops ? SL_DROP : SL_ACCEPT],
		};

		if (dropped != drops)
			err = call(arg, &change);
	}
	return err;
}

static int diff_flows(const struct sl_conf *old, const struct sl_conf *new, sl_change_fn *call,
		      void *arg)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct sl_buf buf = {};
	int err;

	if (!memcmp(&old->flows, &new->flows, sizeof(old->flows)))
		return 0;
	sl_flows_print(&buf, &old->flows);
	err = sl_buf_take(&buf, &before);
	if (err)
		return err;
	buf = (struct sl_buf) {};
	sl_flows_print(&buf, &new->flows);
	err = sl_buf_take(&buf, &after);
	if (err)
		return err;
	return call(arg, &(struct sl_conf_change) { .kind = SL_CHANGED,
						    .what = "flows",
						    .before = before,
						    .after = after });
}

static int diff_geoip(const struct sl_conf *old, const struct sl_conf *new, sl_change_fn *call,
		      void *arg)
{
	struct sl_conf_change change = {
		.kind = !old->geoip   ? SL_ADDED
			: !new->geoip ? SL_REMOVED
				      : SL_CHANGED,
		.what = "geoip",
		.before = old->geoip,
		.after = new->geoip,
	};

	if (!strcmp(old->geoip ?: "", new->geoip ?: ""))
		return 0;
	return call(arg, &change);
}

int sl_conf_diff(const struct sl_conf *old, const struct sl_conf *new, sl_change_fn *call,
		 void *arg)
{
	int dir, err;

	err = diff_geoip(old, new, call, arg);
	if (!err)
		err = diff_flows(old, new, call, arg);
	if (!err)
		err = diff_things(old, new, "interface", list_ifaces, call, arg);
	if (!err)
		err = diff_things(old, new, "set", list_sets, call, arg);
	if (!err)
		err = diff_reasons(old, new, call, arg);
	for (dir = 0; !err && dir < SL_DIR_MAX_; dir++)
		err = diff_chain(old, new, (enum sl_dir)dir, call, arg);
	return err;
}

/* Each line of a text behind the sign; the first one also behind what it is about. */
static void print_text(FILE *to, char sign, const struct sl_conf_change *change, const char *text)
{
	const char *end;

	fprintf(to, "%c ", sign);
	if (change->chain && change->name)
		fprintf(to, "%s %s: ", change->chain, change->name);
	else if (change->chain)
		fprintf(to, "%s: ", change->chain);
	else if (!strcmp(change->what, "reason"))
		fprintf(to, "on %s ", change->name);
	else if (!strcmp(change->what, "geoip"))
		fprintf(to, "geoip ");
	for (; (end = strchr(text, '\n')) && end[1]; text = end + 1)
		fprintf(to, "%.*s\n%c ", (int)(end - text), text, sign);
	fprintf(to, "%.*s", (int)strcspn(text, "\n"), text);
	if (change->kind == SL_MOVED)
		fprintf(to, "  (was number %u, is number %u)", change->from, change->to);
	fputc('\n', to);
}

void sl_conf_change_print(const struct sl_conf_change *change, FILE *to)
{
	if (change->kind == SL_MOVED) {
		print_text(to, '~', change, change->after);
		return;
	}
	if (change->before)
		print_text(to, '-', change, change->before);
	if (change->after)
		print_text(to, '+', change, change->after);
}
