/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "pieces.h"

/*
 * Lowering goes over the rules twice: once to count the records of each list, so that the block's
 * layout is known, and once to write them. The block:
 *
 *   struct sl_ruleset | records, list by list, 64-byte aligned | struct sl_rule[] | strings
 */

#define RECORDS_MAX 65536U /* of one rule */
#define ALIGN	    64U

struct lowering {
	const struct sl_conf *conf;
	struct sl_diag *diag;
	__u32 base;
	__u32 max;
	__u64 count[SL_DIR_MAX_][SL_L3_MAX_][SL_L4_MAX_]; /* of records */
	__u64 filled[SL_DIR_MAX_][SL_L3_MAX_][SL_L4_MAX_];
	__u64 rules; /* offsets in the block */
	__u64 strings;
	__u64 size;
	char *source;
	char *block;
};

void sl_conf_number(struct sl_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++)
		conf->rules[i].slot = (__u32)i + 1;
}

static size_t record_size(unsigned int l3)
{
	return l3 == SL_L3_IP6 ? sizeof(struct sl_record6) : sizeof(struct sl_record4);
}

static __u64 align(__u64 offset)
{
	return (offset + ALIGN - 1) / ALIGN * ALIGN;
}

/* Calls for each list that the rule stands in. */
typedef int list_fn(struct lowering *l, const struct sl_conf_rule *rule, unsigned int l3,
		    unsigned int l4, const struct sl_spread *spread);

static int each_list(struct lowering *l, const struct sl_conf_rule *rule, list_fn *call)
{
	unsigned int l3, l4;
	int err;

	for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
		for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
			_cleanup_(sl_spread_clear) struct sl_spread spread = {};

			if (!sl_match_reaches(rule->match, (enum sl_l3)l3, (enum sl_l4)l4))
				continue;
			err = sl_spread_make(&spread, rule->match, (enum sl_l3)l3, (enum sl_l4)l4);
			if (err)
				return err;
			err = call(l, rule, l3, l4, &spread);
			if (err)
				return err;
		}
	}
	return 0;
}

static int count_list(struct lowering *l, const struct sl_conf_rule *rule, unsigned int l3,
		      unsigned int l4, const struct sl_spread *spread)
{
	if (spread->records > RECORDS_MAX)
		return -E2BIG;
	l->count[rule->dir][l3][l4] += spread->records;
	return 0;
}

/* What records cannot say. */
static bool has_more(const struct sl_conf_rule *rule)
{
	const struct sl_conf_match *match = rule->match;

	return rule->nstmts || rule->action > SL_DROP || match->nraws || match->nlengths ||
	       match->mss.count || match->nsets || match->nifaces;
}

static int count_rule(struct lowering *l, const struct sl_conf_rule *rule)
{
	int err;

	if (has_more(rule))
		return sl_diag_error(l->diag, &rule->loc,
				     "the rule '%s' asks for what cannot be loaded", rule->name);
	err = each_list(l, rule, count_list);
	if (err != -E2BIG)
		return err;
	sl_diag_error(l->diag, NULL,
		      "rule '%s' takes more than %u records: it combines too many sets and ranges",
		      rule->name, RECORDS_MAX);
	return -E2BIG;
}

static int count_rules(struct lowering *l)
{
	size_t i;
	int err;

	for (i = 0; i < l->conf->nrules; i++) {
		if (l->conf->rules[i].is_policy)
			continue;
		err = count_rule(l, &l->conf->rules[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Gives each list its place; empty ones have none. Returns where the last one ends. */
static __u64 place_lists(const struct lowering *l, struct sl_ruleset *rs)
{
	__u64 offset = align(sizeof(struct sl_ruleset));
	unsigned int dir, l3, l4;

	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
			for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
				__u64 count = l->count[dir][l3][l4];

				if (count && rs)
					rs->chain[dir].list[l3][l4] =
						(struct sl_list) { (__u32)(l->base + offset),
								   (__u32)count };
				offset += count * record_size(l3);
			}
		}
	}
	return offset;
}

static int place(struct lowering *l)
{
	size_t i;

	l->rules = place_lists(l, NULL);
	l->size = l->rules + l->conf->nrules * sizeof(struct sl_rule);
	l->strings = l->size;
	for (i = 0; i < l->conf->nrules; i++)
		l->size += strlen(l->conf->rules[i].name) + strlen(l->conf->rules[i].text) + 2;
	l->size = align(l->size + strlen(l->source) + 1);
	if (l->size <= l->max && l->size <= UINT32_MAX - l->base)
		return 0;
	sl_diag_error(l->diag, NULL, "the rules take %llu bytes, %u are the most",
		      (unsigned long long)l->size, l->max);
	return -E2BIG;
}

/* One piece of one condition into the record. */
static void put_piece(struct sl_match *match, __u64 *value, __u64 *mask,
		      const struct sl_field_info *field, const struct sl_piece *piece)
{
	unsigned int half = field->shift / 64;

	switch (field->place) {
	case SL_PLACE_LINK:
		match->link_value |= (__u64)piece->value << field->shift;
		match->link_mask |= (__u64)piece->mask << field->shift;
		break;
	case SL_PLACE_XPORT:
		match->xport_value |= (__u64)piece->value << field->shift;
		match->xport_mask |= (__u64)piece->mask << field->shift;
		break;
	case SL_PLACE_ADDR4:
		value[0] |= (__u64)piece->value << field->shift;
		mask[0] |= (__u64)piece->mask << field->shift;
		break;
	case SL_PLACE_ADDR6:
		value[half] = (__u64)(piece->value >> 64);
		value[half + 1] = (__u64)piece->value;
		mask[half] = (__u64)(piece->mask >> 64);
		mask[half + 1] = (__u64)piece->mask;
		break;
	case SL_PLACE_SPORT:
		match->sport_low = (__u16)piece->value;
		match->sport_span = (__u16)piece->mask;
		break;
	case SL_PLACE_DPORT:
		match->dport_low = (__u16)piece->value;
		match->dport_span = (__u16)piece->mask;
		break;
	}
}

/* The combination with that number: the last condition changes fastest. */
static void write_record(char *to, const struct sl_conf_rule *rule, unsigned int l3,
			 const struct sl_spread *spread, __u64 number)
{
	struct sl_record4 *four = (struct sl_record4 *)to;
	struct sl_record6 *six = (struct sl_record6 *)to;
	struct sl_match *match = &four->match;
	__u64 *value = l3 == SL_L3_IP6 ? six->addr_value : &four->addr_value;
	__u64 *mask = l3 == SL_L3_IP6 ? six->addr_mask : &four->addr_mask;
	unsigned int i;

	match->sport_span = 0xffff;
	match->dport_span = 0xffff;
	match->slot = rule->slot;
	match->action = rule->action;
	for (i = spread->count; i-- > 0;) {
		const struct sl_spread_cond *cond = &spread->conds[i];

		put_piece(match, value, mask, cond->field,
			  &cond->pieces.v[number % cond->pieces.count]);
		number /= cond->pieces.count;
	}
}

static int write_list(struct lowering *l, const struct sl_conf_rule *rule, unsigned int l3,
		      unsigned int l4, const struct sl_spread *spread)
{
	const struct sl_ruleset *rs = (const struct sl_ruleset *)l->block;
	const struct sl_list *list = &rs->chain[rule->dir].list[l3][l4];
	char *to = l->block + (list->records - l->base);
	__u64 *filled = &l->filled[rule->dir][l3][l4], i;

	for (i = 0; i < spread->records; i++, ++*filled)
		write_record(to + *filled * record_size(l3), rule, l3, spread, i);
	assert(*filled <= list->count);
	return 0;
}

static __u32 put_string(struct lowering *l, const char *text)
{
	__u32 offset = (__u32)(l->base + l->strings);
	size_t size = strlen(text) + 1;

	memcpy(l->block + l->strings, text, size);
	l->strings += size;
	return offset;
}

static int write_rules(struct lowering *l, struct sl_ruleset *rs)
{
	struct sl_rule *to = (struct sl_rule *)(l->block + l->rules);
	size_t i;
	int err;

	for (i = 0; i < l->conf->nrules; i++) {
		const struct sl_conf_rule *rule = &l->conf->rules[i];

		to[i].name = put_string(l, rule->name);
		to[i].text = put_string(l, rule->text);
		to[i].dir = (__u16)rule->dir;
		to[i].is_policy = rule->is_policy;
		to[i].slot = rule->slot;
		if (rule->is_policy) {
			rs->chain[rule->dir].policy = rule->action;
			rs->chain[rule->dir].policy_slot = rule->slot;
			continue;
		}
		err = each_list(l, rule, write_list);
		if (err)
			return err;
	}
	return 0;
}

static int write_block(struct lowering *l, __u64 generation)
{
	struct sl_ruleset *rs;
	int err;

	l->block = aligned_alloc(ALIGN, l->size);
	if (!l->block)
		return -ENOMEM;
	memset(l->block, 0, l->size);
	rs = (struct sl_ruleset *)l->block;
	rs->generation = generation;
	rs->drop_reasons = l->conf->drop_reasons;
	rs->size = (__u32)l->size;
	rs->nrules = (__u32)l->conf->nrules;
	rs->rules = (__u32)(l->base + l->rules);
	place_lists(l, rs);
	err = write_rules(l, rs);
	if (err)
		return err;
	rs->source = put_string(l, l->source);
	return 0;
}

static void lowering_clear(struct lowering *l)
{
	free(l->source);
	free(l->block);
}

int sl_conf_lower(const struct sl_conf *conf, __u32 base, __u32 max, __u64 generation, void **out,
		  size_t *size, struct sl_diag *diag)
{
	_cleanup_(lowering_clear) struct lowering l = {
		.conf = conf, .diag = diag, .base = base, .max = max
	};
	int err;

	assert(base % ALIGN == 0);
	err = sl_conf_print(conf, &l.source);
	if (err)
		return err;
	err = count_rules(&l);
	if (err)
		return err;
	err = place(&l);
	if (err)
		return err;
	err = write_block(&l, generation);
	if (err)
		return err;

	*size = l.size;
	*out = TAKE_PTR(l.block);
	return 0;
}
