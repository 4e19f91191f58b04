/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "covers.h"
#include "diag.h"
#include "parser.h"
#include "shadow.h"

/* Chains up to this are searched for rules that several earlier ones use up together. */
#define UNION_MAX 2000

/* Whether the rule always decides about what it matches. */
static bool is_final(const struct sl_conf_rule *rule)
{
	size_t i;

	if (rule->action == SL_CONTINUE)
		return false;
	for (i = 0; i < rule->nstmts; i++) {
		if (sl_op_is_match(rule->stmts[i].kind))
			return false;
	}
	return true;
}

static bool acts_alike(const struct sl_conf_rule *a, const struct sl_conf_rule *b)
{
	return a->action == b->action && a->arg == b->arg &&
	       !memcmp(a->reply, b->reply, sizeof(a->reply)) && !a->nstmts && !b->nstmts;
}

static int say_shadowed(struct sl_diag *diag, const struct sl_conf_rule *rule,
			const struct sl_conf_rule *earlier)
{
	char place[SL_WHERE_TEXT];
	const char *where = sl_ast_where(&earlier->loc, &rule->loc, place);

	if (!sl_match_equal(earlier->match, rule->match))
		return sl_diag_warn(diag, &rule->loc,
				    "'%s' never gets a packet: '%s' %s matches all of them before",
				    rule->name, earlier->name, where);
	return sl_diag_warn(
		diag, &rule->loc,
		acts_alike(earlier, rule)
			? "'%s' never gets a packet: it repeats '%s' %s"
			: "'%s' contradicts '%s' %s: it matches the same and never gets a packet",
		rule->name, earlier->name, where);
}

/* Whether the earlier rules use the field up that each of them leaves something of. */
static int is_used_up(const struct sl_conf *conf, size_t first, size_t number, enum sl_field field,
		      bool *out)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals sum = {}, all = {};
	const struct sl_conf_match *match = conf->rules[number].match;
	const struct sl_intervals *set = sl_match_find(match, field);
	enum sl_field other;
	size_t i, j;

	for (i = first; i < number; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];
		const struct sl_intervals *part;

		if (!is_final(rule) || !sl_match_covers_but(rule->match, match, &other) ||
		    other != field)
			continue;
		part = sl_match_find(rule->match, field);
		for (j = 0; j < part->count; j++) {
			if (sl_intervals_add(&sum, part->v[j].low, part->v[j].high))
				return -ENOMEM;
		}
	}
	sl_intervals_normalise(&sum);
	if (!set && sl_intervals_add(&all, 0, sl_field_max(field)))
		return -ENOMEM;
	*out = sl_intervals_cover(&sum, set ? set : &all);
	return 0;
}

/* Only one field at a time: what boxes leave of each other is no box. */
static int check_union(const struct sl_conf *conf, size_t first, size_t number,
		       struct sl_diag *diag)
{
	const struct sl_conf_rule *rule = &conf->rules[number];
	bool tried[SL_FIELD_MAX_] = {};
	bool used_up = false;
	enum sl_field field;
	size_t i;
	int err;

	for (i = first; i < number; i++) {
		if (!is_final(&conf->rules[i]) ||
		    !sl_match_covers_but(conf->rules[i].match, rule->match, &field) || tried[field])
			continue;
		tried[field] = true;
		err = is_used_up(conf, first, number, field, &used_up);
		if (err)
			return err;
		if (used_up)
			return sl_diag_warn(
				diag, &rule->loc,
				"'%s' never gets a packet: earlier rules together match all of them, by '%s'",
				rule->name, sl_fields[field].name);
	}
	return 0;
}

static int check_chain(const struct sl_conf *conf, enum sl_dir dir, struct sl_diag *diag)
{
	_cleanup_(sl_shadow_freep) struct sl_shadow *shadow = NULL;
	size_t first = 0, i;
	int err;

	err = sl_shadow_new(&shadow);
	while (first < conf->nrules && conf->rules[first].dir != dir)
		first++;
	for (i = first; !err && i < conf->nrules && conf->rules[i].dir == dir; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i], *earlier;

		if (rule->is_policy)
			continue;
		earlier = sl_shadow_find(shadow, rule);
		if (earlier)
			err = say_shadowed(diag, rule, earlier);
		else if (i - first < UNION_MAX)
			err = check_union(conf, first, i, diag);
		if (!err && !earlier && is_final(rule))
			err = sl_shadow_add(shadow, rule);
	}
	if (!err && sl_shadow_gave_up(shadow))
		err = sl_diag_warn(
			diag, NULL,
			"chain has too many rules alike: not all pairs of them were compared");
	return err;
}

/* An interface that no clause is about, so that Sluice is not on it unless attached by hand. */
static bool is_foreign(const struct sl_conf *conf, const char *pattern)
{
	size_t i;

	if (!conf->nifaces || strpbrk(pattern, "*?[ "))
		return false;
	for (i = 0; i < conf->nifaces; i++) {
		if (sl_pattern_matches(conf->ifaces[i].pattern, pattern))
			return false;
	}
	return true;
}

static int check_ifaces(const struct sl_conf *conf, struct sl_diag *diag)
{
	size_t i, j;
	int err = 0;

	for (i = 0; !err && i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		for (j = 0; !err && rule->match && j < rule->match->nifaces; j++) {
			const struct sl_cond_iface *cond = &rule->match->ifaces[j];

			if (!cond->negate && is_foreign(conf, conf->patterns[cond->pattern]))
				err = sl_diag_warn(diag, &rule->loc,
						   "'%s' is about '%s', and no interface clause is",
						   rule->name, conf->patterns[cond->pattern]);
		}
	}
	return err;
}

enum {
	MATCHED = 1,
	BANNED = 2
};

static void mark_uses(const struct sl_conf *conf, unsigned char *uses)
{
	size_t i, j;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		for (j = 0; rule->match && j < rule->match->nsets; j++)
			uses[rule->match->sets[j].set] |= MATCHED;
		for (j = 0; j < rule->nstmts; j++) {
			if (rule->stmts[j].kind == SL_OP_BAN)
				uses[rule->stmts[j].ban.set] |= BANNED;
		}
	}
}

static int check_sets(const struct sl_conf *conf, struct sl_diag *diag)
{
	_cleanup_free_ unsigned char *uses = calloc(conf->nsets + 1, 1);
	size_t i;
	int err = 0;

	if (!uses)
		return -ENOMEM;
	mark_uses(conf, uses);
	for (i = 0; !err && i < conf->nsets; i++) {
		const struct sl_conf_set *set = &conf->sets[i];

		if (uses[i] & MATCHED)
			continue;
		err = sl_diag_warn(
			diag, &set->loc,
			uses[i] ? "rules ban into the set '%s', and none asks what is in it"
				: "no rule uses the set '%s'",
			set->name);
	}
	return err;
}

static int check_defines(const struct sl_conf *conf, struct sl_diag *diag)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < conf->ndefines; i++) {
		if (!conf->defines[i].used)
			err = sl_diag_warn(diag, &conf->defines[i].loc, "nothing uses '$%s'",
					   conf->defines[i].name);
	}
	return err;
}

int sl_conf_lint(const struct sl_conf *conf, struct sl_diag *diag)
{
	size_t first = diag->count;
	int dir, err = 0;

	for (dir = 0; !err && dir < SL_DIR_MAX_; dir++)
		err = check_chain(conf, (enum sl_dir)dir, diag);
	if (!err)
		err = check_ifaces(conf, diag);
	if (!err)
		err = check_sets(conf, diag);
	if (!err)
		err = check_defines(conf, diag);
	sl_diag_sort(diag, first);
	return err;
}
