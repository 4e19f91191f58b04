/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "print.h"
#include "source.h"

#define FIELD(name) (1U << SL_FIELD_##name)

/* Fields that make one condition in a rule's text, beside those that they imply. */
static const struct part {
	unsigned int fields;
	unsigned int with;
} parts[] = {
	{ FIELD(ETHERTYPE), 0 },
	{ FIELD(VLAN_ID), FIELD(TAGS) },
	{ FIELD(VLAN_PCP), FIELD(TAGS) },
	{ FIELD(CVLAN_ID), FIELD(TAGS) },
	{ FIELD(CVLAN_PCP), FIELD(TAGS) },
	{ FIELD(SADDR4) | FIELD(SADDR6), 0 },
	{ FIELD(DADDR4) | FIELD(DADDR6), 0 },
	{ FIELD(SPORT), FIELD(PROTO) },
	{ FIELD(DPORT), FIELD(PROTO) },
	{ FIELD(FLAGS), FIELD(PROTO) },
	{ FIELD(TYPE), FIELD(PROTO) },
	{ FIELD(CODE), FIELD(PROTO) },
	{ FIELD(FRAGMENT), 0 },
	{ FIELD(DSCP), 0 },
	{ FIELD(TTL), 0 },
	{ FIELD(EXT), 0 },
	/* Unless one of those above has implied them. */
	{ FIELD(TAGS), 0 },
	{ FIELD(PROTO), 0 },
};

_Static_assert(SL_FIELD_MAX_ == 20, "each field is in a part");

struct splitting {
	struct sl_split *split;
	size_t size; /* of the array of rules */
	size_t of;
	const struct sl_conf_rule *rule;
};

static unsigned int fields_of(const struct sl_conf_match *match)
{
	unsigned int fields = 0;
	size_t i;

	for (i = 0; i < match->count; i++)
		fields |= 1U << match->conds[i].field;
	return fields;
}

/* A match that asks nothing but for the class of packets. */
static struct sl_conf_match *match_new(const struct sl_conf_match *whole, size_t conds)
{
	struct sl_conf_match *match = calloc(1, sizeof(*match) + conds * sizeof(*match->conds));

	if (match)
		match->l3 = whole->l3;
	return match;
}

/* Room for one more. */
static int reserve(struct splitting *s)
{
	struct sl_conf *conf = &s->split->conf;
	size_t size = 2 * conf->nrules + 16;
	struct sl_conf_rule *rules;
	size_t *of;

	if (conf->nrules < s->size)
		return 0;
	rules = reallocarray(conf->rules, size, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	conf->rules = rules;
	of = reallocarray(s->split->of, size, sizeof(*of));
	if (!of)
		return -ENOMEM;
	s->split->of = of;
	s->size = size;
	return 0;
}

/* Takes over match. */
static int add_rule(struct splitting *s, struct sl_conf_match *match)
{
	_cleanup_(sl_match_freep) struct sl_conf_match *owned = match;
	struct sl_conf *conf = &s->split->conf;
	struct sl_conf_rule *rule;
	struct sl_buf buf = {};

	if (!owned || reserve(s))
		return -ENOMEM;
	rule = &conf->rules[conf->nrules];
	*rule = (struct sl_conf_rule) { .dir = s->rule->dir, .action = SL_CONTINUE };
	sl_match_print(&buf, conf, rule->dir, owned);
	if (sl_buf_take(&buf, &rule->text))
		return -ENOMEM;
	s->split->of[conf->nrules++] = s->of;
	s->split->nparts++;
	if (asprintf(&rule->name, "part#%zu", conf->nrules) < 0) {
		rule->name = NULL;
		return -ENOMEM;
	}
	rule->match = TAKE_PTR(owned);
	return 0;
}

/* Fields that say which family a rule is about: a part without them need not say it again. */
#define FAMILY                                                                              \
	(FIELD(ETHERTYPE) | FIELD(SADDR4) | FIELD(DADDR4) | FIELD(SADDR6) | FIELD(DADDR6) | \
	 FIELD(TYPE) | FIELD(CODE) | FIELD(EXT))

static int add_fields(struct splitting *s, unsigned int fields)
{
	const struct sl_conf_match *whole = s->rule->match;
	struct sl_conf_match *match = match_new(whole, whole->count);
	size_t i;

	if (match && (fields_of(whole) & FAMILY) && !(fields & FAMILY))
		match->l3 |= SL_L3_IPS;
	for (i = 0; match && i < whole->count; i++) {
		const struct sl_cond *cond = &whole->conds[i];
		struct sl_cond *to = &match->conds[match->count];

		if (!(fields & 1U << cond->field))
			continue;
		match->header = match->header || sl_fields[cond->field].header;
		match->count++;
		to->field = cond->field;
		if (sl_intervals_copy(&to->set, &cond->set))
			sl_match_freep(&match);
	}
	return add_rule(s, match);
}

static int split_fields(struct splitting *s)
{
	unsigned int fields = fields_of(s->rule->match), implied = 0;
	size_t i;
	int err;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!(fields & parts[i].fields & ~implied))
			continue;
		implied |= parts[i].with;
		err = add_fields(s, parts[i].fields | parts[i].with);
		if (err)
			return err;
	}
	return 0;
}

/* One more array of conditions: a part for each of them, which is all that `set` puts into it. */
static int split_each(struct splitting *s, size_t count,
		      int (*set)(struct sl_conf_match *match, const struct sl_conf_match *whole,
				 size_t i))
{
	struct sl_conf_match *match;
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		match = match_new(s->rule->match, 0);
		if (match && set(match, s->rule->match, i))
			sl_match_freep(&match);
		err = add_rule(s, match);
		if (err)
			return err;
	}
	return 0;
}

static int set_raw(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	match->raws = calloc(1, sizeof(*match->raws));
	if (!match->raws)
		return -ENOMEM;
	match->nraws = 1;
	match->raws[0] = whole->raws[i];
	match->raws[0].set = (struct sl_intervals) {};
	return sl_intervals_copy(&match->raws[0].set, &whole->raws[i].set);
}

static int set_length(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	match->lengths = calloc(1, sizeof(*match->lengths));
	if (!match->lengths)
		return -ENOMEM;
	match->nlengths = 1;
	match->lengths[0].of = whole->lengths[i].of;
	return sl_intervals_copy(&match->lengths[0].set, &whole->lengths[i].set);
}

static int set_mss(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	return sl_intervals_copy(&match->mss, &whole->mss);
}

static int set_set(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	match->sets = malloc(sizeof(*match->sets));
	if (!match->sets)
		return -ENOMEM;
	match->nsets = 1;
	match->sets[0] = whole->sets[i];
	return 0;
}

static int set_iface(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	match->ifaces = malloc(sizeof(*match->ifaces));
	if (!match->ifaces)
		return -ENOMEM;
	match->nifaces = 1;
	match->ifaces[0] = whole->ifaces[i];
	return 0;
}

static int set_name(struct sl_conf_match *match, const struct sl_conf_match *whole, size_t i)
{
	match->names = malloc(sizeof(*match->names));
	if (!match->names)
		return -ENOMEM;
	match->nnames = 1;
	match->names[0] = whole->names[i];
	match->names[0].names = (struct sl_domains) {};
	return sl_domains_copy(&match->names[0].names, &whole->names[i].names);
}

static int split_rule(struct splitting *s)
{
	const struct sl_conf_match *match = s->rule->match;
	int err;

	err = split_each(s, match->nifaces, set_iface);
	if (!err)
		err = split_fields(s);
	if (!err)
		err = split_each(s, match->nsets, set_set);
	if (!err)
		err = split_each(s, match->nnames, set_name);
	if (!err)
		err = split_each(s, match->nlengths, set_length);
	if (!err)
		err = split_each(s, match->mss.count ? 1 : 0, set_mss);
	return err ?: split_each(s, match->nraws, set_raw);
}

static int add_policy(struct splitting *s, enum sl_dir dir)
{
	struct sl_conf *conf = &s->split->conf;
	struct sl_conf_rule *rule;

	if (reserve(s))
		return -ENOMEM;
	rule = &conf->rules[conf->nrules];
	*rule = (struct sl_conf_rule) { .dir = dir, .is_policy = true, .action = SL_ACCEPT };
	rule->name = strdup("policy");
	rule->text = strdup("policy accept");
	conf->nrules++;
	return rule->name && rule->text ? 0 : -ENOMEM;
}

int sl_split_make(struct sl_split *out, const struct sl_conf *conf, const size_t *which,
		  size_t count)
{
	struct splitting s = { .split = out };
	int dir, err = 0;

	out->conf = *conf;
	out->conf.rules = NULL;
	out->conf.nrules = 0;
	for (s.of = 0; s.of < count && !err; s.of++) {
		s.rule = &conf->rules[which[s.of]];
		err = split_rule(&s);
	}
	for (dir = 0; dir < SL_DIR_MAX_ && !err; dir++)
		err = add_policy(&s, (enum sl_dir)dir);
	return err;
}

void sl_split_clear(struct sl_split *split)
{
	size_t i;

	for (i = 0; i < split->conf.nrules; i++) {
		free(split->conf.rules[i].name);
		free(split->conf.rules[i].text);
		sl_match_freep(&split->conf.rules[i].match);
	}
	free(split->conf.rules);
	free(split->of);
	*split = (struct sl_split) {};
}

bool sl_conf_rule_reaches(const struct sl_conf_rule *rule, enum sl_l3 l3, enum sl_l4 l4)
{
	return rule->match && sl_match_reaches(rule->match, l3, l4);
}

int sl_conf_rule_chance(const struct sl_conf *conf, const struct sl_conf_rule *rule, char **out)
{
	struct sl_buf buf = {};
	size_t i;

	for (i = 0; i < rule->nstmts; i++) {
		if (!sl_op_is_match(rule->stmts[i].kind))
			continue;
		sl_print_blank(&buf);
		sl_stmt_print(&buf, conf, &rule->stmts[i]);
	}
	return sl_buf_take(&buf, out);
}

bool sl_conf_rule_place(const struct sl_conf_rule *rule, const char **file, unsigned int *line)
{
	unsigned int column;

	if (!rule->loc.source)
		return false;
	*file = rule->loc.source->name;
	sl_source_position(&rule->loc, line, &column);
	return true;
}
