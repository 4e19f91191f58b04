/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "body.h"
#include "cleanup.h"
#include "diag.h"
#include "named.h"
#include "needle_rules.h"
#include "op.h"
#include "records.h"
#include "sieve.h"
#include "stmt.h"
#include "tree.h"

/*
 * Lowering writes the block from its start on:
 *
 *   struct sl_ruleset | struct sl_set[] | bodies | trees and their records, list by list |
 *   struct sl_scan, its tables and lists |
 *   records that are found by names |
 *   struct sl_rule[] | struct sl_rule_port[] | struct sl_pattern[] | strings
 */

#define ALIGN 64U

struct lowering {
	const struct sl_conf *conf;
	struct sl_diag *diag;
	struct sl_block block;
	struct sl_records lists[SL_DIR_MAX_][SL_L3_MAX_][SL_L4_MAX_];
	struct sl_needle_rules needles;
	struct sl_named_rules named[SL_DIR_MAX_];
};

void sl_conf_number(struct sl_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++)
		conf->rules[i].slot = (__u32)i + 1;
}

static struct sl_ruleset *header(const struct lowering *l)
{
	return sl_block_at(&l->block, l->block.base);
}

/* Without an arena nothing is looked up. */
static const struct sl_name_key no_key;

static const struct sl_name_key *key_of(const struct lowering *l)
{
	return l->conf->name_key ?: &no_key;
}

static int add_records(struct lowering *l, const struct sl_conf_rule *rule, enum sl_l3 l3,
		       enum sl_l4 l4, const struct sl_spread *spread,
		       const struct sl_record_end *end)
{
	const struct sl_cond_name *by = sl_named_by(rule->match);
	int err = 0;

	if (rule->match->ncontains)
		err = sl_needle_rules_add(&l->needles.list[rule->dir][l3][l4], l3, rule->match,
					  l->conf->needles, spread, end);
	if (err || sl_needle_leads(rule->match))
		return err;
	if (by)
		return sl_named_add(&l->named[rule->dir], by, key_of(l), l3, l4, spread, end);
	return sl_records_add(&l->lists[rule->dir][l3][l4], l3, spread, end);
}

/* The rule's records in one list, behind those of the rules before it. */
static int lower_into(struct lowering *l, const struct sl_conf_rule *rule, enum sl_l3 l3,
		      enum sl_l4 l4, const struct sl_record_end *end)
{
	_cleanup_(sl_spread_clear) struct sl_spread spread = {};
	int err;

	err = sl_spread_make(&spread, rule, l3, l4);
	return err ? err : add_records(l, rule, l3, l4, &spread, end);
}

static int lower_body(struct lowering *l, const struct sl_conf_rule *rule, __u32 *at)
{
	int err = sl_body_make(&l->block, rule, key_of(l), at);

	if (err != -EOVERFLOW)
		return err;
	sl_diag_error(l->diag, &rule->loc, "rule '%s' has a condition of too many ranges or names",
		      rule->name);
	return -E2BIG;
}

static int lower_list(struct lowering *l, const struct sl_conf_rule *rule, __u32 place,
		      enum sl_l3 l3, enum sl_l4 l4, __u32 *body)
{
	struct sl_record_end end = { .order = place, .target = rule->slot };
	int err;

	if (sl_body_is_needed(rule, l3)) {
		err = *body ? 0 : lower_body(l, rule, body);
		if (err)
			return err;
		end.order |= SL_ORDER_BODY;
		end.target = *body;
	} else {
		end.order |= (__u32)rule->action << SL_ORDER_VERDICT_SHIFT;
	}
	return lower_into(l, rule, l3, l4, &end);
}

static int lower_rule(struct lowering *l, const struct sl_conf_rule *rule, __u32 place)
{
	unsigned int l3, l4;
	__u32 body = 0;
	int err;

	for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
		for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
			if (!sl_match_reaches(rule->match, (enum sl_l3)l3, (enum sl_l4)l4))
				continue;
			err = lower_list(l, rule, place, (enum sl_l3)l3, (enum sl_l4)l4, &body);
			if (err)
				return err;
		}
	}
	return 0;
}

static int lower_rules(struct lowering *l)
{
	__u32 places[SL_DIR_MAX_] = {};
	size_t i;
	int err;

	for (i = 0; i < l->conf->nrules; i++) {
		const struct sl_conf_rule *rule = &l->conf->rules[i];
		struct sl_chain *chain = &header(l)->chain[rule->dir];

		if (rule->is_policy) {
			chain->policy = rule->action;
			chain->policy_slot = rule->slot;
			continue;
		}
		err = lower_rule(l, rule, ++places[rule->dir]);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Records that are found by a name or in the payload are merged with those of trees, where there are
 * several: leaves without records are as good as trees for that.
 */
static void list_widen(struct lowering *l, struct sl_list *list)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!list->tree[i])
			list->tree[i] = l->block.base;
	}
}

static int lower_names(struct lowering *l)
{
	unsigned int dir;
	__u32 at;
	int err = 0;

	for (dir = 0; dir < SL_DIR_MAX_ && !err; dir++) {
		at = 0;
		err = sl_named_write(&l->named[dir], &l->block, key_of(l), &at);
		header(l)->names[dir] = at;
	}
	return err;
}

static int lower_trees(struct lowering *l)
{
	unsigned int dir, l3, l4;
	int err;

	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
			for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
				struct sl_list list = {};

				err = sl_tree_build(&l->block, (enum sl_l3)l3,
						    &l->lists[dir][l3][l4], &list);
				if (err)
					return err;
				if (l->needles.list[dir][l3][l4].all.count ||
				    l->named[dir].has[l3 * SL_L4_MAX_ + l4])
					list_widen(l, &list);
				header(l)->chain[dir].list[l3][l4] = list;
			}
		}
	}
	return 0;
}

/* What rules ask for in payloads. */
static int lower_scan(struct lowering *l)
{
	__u32 at;
	int err;

	if (!l->conf->nneedles)
		return 0;
	err = sl_sieve_build(&l->block, l->conf->needles, l->conf->nneedles, &at);
	if (!err)
		err = sl_needle_rules_write(&l->needles, &l->block, at);
	if (err)
		return err;
	header(l)->scan = at;
	header(l)->needs |= SL_NEEDS_SCAN;
	return 0;
}

static int put_string(struct lowering *l, const char *text, __u32 *at)
{
	size_t size = strlen(text) + 1;
	int err;

	err = sl_block_take(&l->block, size, 1, at);
	if (!err)
		memcpy(sl_block_at(&l->block, *at), text, size);
	return err;
}

/* What the daemon reads back of a rule. */
static int write_rule(struct lowering *l, const struct sl_conf_rule *rule, __u32 at)
{
	struct sl_rule to = { .dir = (__u16)rule->dir,
			      .is_policy = rule->is_policy,
			      .slot = rule->slot };
	int err;

	err = put_string(l, rule->name, &to.name);
	if (!err)
		err = put_string(l, rule->text, &to.text);
	if (!err)
		memcpy(sl_block_at(&l->block, at), &to, sizeof(to));
	return err;
}

static int write_rules(struct lowering *l)
{
	__u32 at;
	size_t i;
	int err;

	err = sl_block_take(&l->block, l->conf->nrules * sizeof(struct sl_rule), ALIGN, &at);
	if (err)
		return err;
	header(l)->rules = at;
	header(l)->nrules = (__u32)l->conf->nrules;
	for (i = 0; i < l->conf->nrules; i++) {
		err = write_rule(l, &l->conf->rules[i], at + (__u32)(i * sizeof(struct sl_rule)));
		if (err)
			return err;
	}
	return 0;
}

static int write_source(struct lowering *l)
{
	_cleanup_free_ char *source = NULL;
	__u32 at;
	int err;

	err = sl_conf_print(l->conf, &source);
	if (!err)
		err = put_string(l, source, &at);
	if (!err)
		header(l)->source = at;
	return err;
}

/* Their contents are elsewhere: the caller has said where. */
static int write_set(struct lowering *l, const struct sl_conf_set *set, __u32 at)
{
	enum sl_set_kind kind = sl_set_kind_of(set);
	bool in_map = kind == SL_SET_HASH || kind == SL_SET_TRIE;
	struct sl_set to = {
		.kind = (__u8)kind,
		.body = in_map ? 0 : set->place,
		.map = in_map ? set->place : 0,
		.size = set->size,
		.timeout_s = set->timeout_s,
		.nparts = (__u8)set->nparts,
		.counters = set->counters,
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < set->nparts; i++)
		to.type[i] = (__u8)set->type[i];
	if (set->name)
		err = put_string(l, set->name, &to.name);
	if (!err)
		memcpy(sl_block_at(&l->block, at), &to, sizeof(to));
	return err;
}

static int write_sets(struct lowering *l)
{
	__u32 at;
	size_t i;
	int err;

	err = sl_block_take(&l->block, l->conf->nsets * sizeof(struct sl_set), ALIGN, &at);
	if (err || !l->conf->nsets)
		return err;
	header(l)->sets = at;
	header(l)->nsets = (__u32)l->conf->nsets;
	for (i = 0; i < l->conf->nsets && !err; i++)
		err = write_set(l, &l->conf->sets[i], at + (__u32)(i * sizeof(struct sl_set)));
	return err;
}

/* Interfaces that rules name: the daemon fills in which ones these are. */
static int write_ports(struct lowering *l)
{
	const struct sl_conf *conf = l->conf;
	__u32 at, name;
	size_t i;
	int err;

	err = sl_block_take(&l->block, conf->nports * sizeof(struct sl_rule_port), ALIGN, &at);
	if (err)
		return err;
	header(l)->ports = at;
	header(l)->nports = (__u32)conf->nports;
	for (i = 0; i < conf->nports && !err; i++) {
		err = put_string(l, conf->ports[i], &name);
		if (!err)
			((struct sl_rule_port *)sl_block_at(&l->block, at))[i].name = name;
	}
	return err;
}

static int write_patterns(struct lowering *l)
{
	const struct sl_conf *conf = l->conf;
	__u32 at, text;
	size_t i;
	int err;

	err = sl_block_take(&l->block, conf->npatterns * sizeof(struct sl_pattern), ALIGN, &at);
	if (err)
		return err;
	header(l)->patterns = at;
	header(l)->npatterns = (__u32)conf->npatterns;
	for (i = 0; i < conf->npatterns && !err; i++) {
		err = put_string(l, conf->patterns[i], &text);
		if (!err)
			((struct sl_pattern *)sl_block_at(&l->block, at))[i].text = text;
	}
	return err;
}

static void write_flows(struct lowering *l)
{
	static const __u32 seconds[] = {
#define X(name, word, default) [SL_FLOW_CLASS_##name] = default,
		SL_FLOW_CLASSES(X)
#undef X
	};
	struct sl_flow_conf *to = &header(l)->flows;
	unsigned int i;

	to->mask = (l->conf->flows.size ?: SL_FLOW_SIZE) / SL_FLOW_WAYS - 1;
	to->streams = l->conf->flows.streams ?: SL_STREAMS;
	for (i = 0; i < SL_FLOW_CLASS_MAX_; i++)
		to->timeout[i] = SL_FLOW_TICKS(l->conf->flows.timeout_s[i] ?: seconds[i]);
}

static int write_block(struct lowering *l, __u64 generation)
{
	__u32 at;
	int err;

	err = sl_block_take(&l->block, sizeof(struct sl_ruleset), ALIGN, &at);
	if (err)
		return err;
	header(l)->generation = generation;
	header(l)->drop_reasons = l->conf->drop_reasons;
	write_flows(l);
	err = write_sets(l);
	if (!err)
		err = lower_rules(l);
	if (!err)
		err = lower_trees(l);
	if (!err)
		err = lower_scan(l);
	if (!err)
		err = lower_names(l);
	if (!err)
		err = write_rules(l);
	if (!err)
		err = write_ports(l);
	if (!err)
		err = write_patterns(l);
	if (!err)
		err = write_source(l);
	if (!err)
		err = sl_block_take(&l->block, 0, ALIGN, &at);
	if (!err)
		header(l)->size = (__u32)l->block.used;
	return err;
}

static void lowering_clear(struct lowering *l)
{
	struct sl_records *list = &l->lists[0][0][0];
	size_t i;

	for (i = 0; i < sizeof(l->lists) / sizeof(*list); i++)
		sl_records_clear(&list[i]);
	sl_needle_rules_clear(&l->needles);
	for (i = 0; i < SL_DIR_MAX_; i++)
		sl_named_clear(&l->named[i]);
	sl_block_clear(&l->block);
}

int sl_conf_lower(const struct sl_conf *conf, __u32 base, __u32 max, __u64 generation, void **out,
		  size_t *size, struct sl_diag *diag)
{
	_cleanup_(lowering_clear) struct lowering l = { .conf = conf,
							.diag = diag,
							.block = { .base = base, .max = max } };
	size_t errors = diag->errors;
	int err;

	assert(base % ALIGN == 0);
	err = write_block(&l, generation);
	if (err == -E2BIG && diag->errors == errors)
		sl_diag_error(diag, NULL, "the rules take more than %u bytes", max);
	if (err)
		return err;

	*size = l.block.used;
	*out = TAKE_PTR(l.block.bytes);
	return 0;
}
