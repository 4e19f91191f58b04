/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "aside.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "pieces.h"

/*
 * A rule whose sets multiply to more records than this asks the largest of them by an operation, in
 * a set that has no name: a record is found faster than a set is asked, as long as there are not too
 * many.
 */
#define RECORDS_MOST 65536U

struct side {
	enum sl_field fields[2]; /* of addresses: of IPv4 and IPv6 */
	enum sl_set_part part;
	enum sl_set_type type;
};

static const struct side sides[] = {
	{ { SL_FIELD_SADDR4, SL_FIELD_SADDR6 }, SL_PART_SADDR, SL_TYPE_ADDR },
	{ { SL_FIELD_DADDR4, SL_FIELD_DADDR6 }, SL_PART_DADDR, SL_TYPE_ADDR },
	{ { SL_FIELD_SPORT, SL_FIELD_MAX_ }, SL_PART_SPORT, SL_TYPE_PORT },
	{ { SL_FIELD_DPORT, SL_FIELD_MAX_ }, SL_PART_DPORT, SL_TYPE_PORT },
};

#define NSIDES (sizeof(sides) / sizeof(sides[0]))

static const struct side *side_of(enum sl_field field)
{
	size_t i;

	for (i = 0; i < NSIDES; i++) {
		if (sides[i].fields[0] == field || sides[i].fields[1] == field)
			return &sides[i];
	}
	return NULL;
}

/* More records than there can be, for the price of a look: most rules are far from the limit. */
static bool may_be_many(const struct sl_conf_match *match)
{
	__u64 most = 1;
	size_t i;

	for (i = 0; i < match->count; i++) {
		const struct sl_cond *cond = &match->conds[i];
		__u64 pieces = cond->set.count;

		if (!side_of(cond->field))
			continue;
		/* A range of addresses takes at most two prefixes a bit. */
		if (pieces > 1 || cond->set.v[0].low != cond->set.v[0].high)
			pieces *= 2ULL * sl_fields[cond->field].width;
		if (__builtin_mul_overflow(most, pieces, &most) || most > RECORDS_MOST)
			return true;
	}
	return false;
}

/* A family in which the side is not asked about has all of its addresses in the set. */
static int copy_side(struct sl_intervals *to, const struct sl_conf_match *match,
		     enum sl_field field, enum sl_l3 l3)
{
	const struct sl_intervals *set = sl_match_find(match, field);

	if (set)
		return sl_intervals_copy(to, set);
	return match->l3 & SL_L3_BIT(l3) ? sl_intervals_add(to, 0, sl_field_max(field)) : 0;
}

static int fill(struct sl_conf_elems *elems, const struct sl_conf_match *match,
		const struct side *side)
{
	int err;

	if (side->type == SL_TYPE_PORT)
		return sl_intervals_copy(&elems->numbers, sl_match_find(match, side->fields[0]));
	err = copy_side(&elems->four, match, side->fields[0], SL_L3_IP4);
	return err ? err : copy_side(&elems->six, match, side->fields[1], SL_L3_IP6);
}

static int put_aside(struct sl_conf *conf, struct sl_conf_rule *rule, const struct side *side)
{
	struct sl_cond_set *bigger =
		reallocarray(rule->asides, rule->nasides + 1, sizeof(*rule->asides));
	struct sl_conf_set *set;

	if (!bigger)
		return -ENOMEM;
	rule->asides = bigger;
	set = sl_sets_add(conf);
	if (!set)
		return -ENOMEM;
	set->loc = rule->loc;
	set->type[0] = side->type;
	set->nparts = 1;
	bigger[rule->nasides++] = (struct sl_cond_set) { .set = (__u32)conf->nsets - 1,
							 .part = { (__u8)side->part } };
	rule->aside_fields |= 1U << side->fields[0];
	if (side->fields[1] != SL_FIELD_MAX_)
		rule->aside_fields |= 1U << side->fields[1];
	return fill(&set->elems, rule->match, side);
}

/* The side with the most pieces; NULL: the records of the list are not too many. */
static int find_largest(const struct sl_conf_rule *rule, enum sl_l3 l3, enum sl_l4 l4,
			const struct side **out)
{
	struct sl_spread spread = {};
	size_t most = 1;
	unsigned int i;
	int err;

	*out = NULL;
	err = sl_spread_make(&spread, rule, l3, l4);
	if (err)
		return err;
	for (i = 0; spread.records > RECORDS_MOST && i < spread.count; i++) {
		if (spread.conds[i].pieces.count <= most || !side_of(spread.conds[i].field))
			continue;
		most = spread.conds[i].pieces.count;
		*out = side_of(spread.conds[i].field);
	}
	sl_spread_clear(&spread);
	return 0;
}

static int aside_list(struct sl_conf *conf, struct sl_conf_rule *rule, enum sl_l3 l3, enum sl_l4 l4)
{
	const struct side *side;
	int err;

	do {
		err = find_largest(rule, l3, l4, &side);
		if (!err && side)
			err = put_aside(conf, rule, side);
	} while (!err && side);
	return err;
}

int sl_rule_set_aside(struct sl_conf *conf, struct sl_conf_rule *rule)
{
	unsigned int l3, l4;
	int err;

	if (!may_be_many(rule->match))
		return 0;
	for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
		for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
			if (!sl_match_reaches(rule->match, (enum sl_l3)l3, (enum sl_l4)l4))
				continue;
			err = aside_list(conf, rule, (enum sl_l3)l3, (enum sl_l4)l4);
			if (err)
				return err;
		}
	}
	return 0;
}
