/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "pieces.h"

#include <errno.h>

#include "rules.h"

static bool lacks_zero(const struct sl_conf_match *match, enum sl_field field)
{
	const struct sl_intervals *set = sl_match_find(match, field);

	return set && !sl_intervals_have(set, 0);
}

/* Parts of an absent tag are zero: a condition that zero fails asks for the tag by itself. */
static bool tags_are_implied(const struct sl_conf_match *match, const struct sl_intervals *tags)
{
	sl_u128 max = sl_field_max(SL_FIELD_TAGS);
	bool inner = lacks_zero(match, SL_FIELD_CVLAN_ID) || lacks_zero(match, SL_FIELD_CVLAN_PCP);
	bool outer = lacks_zero(match, SL_FIELD_VLAN_ID) || lacks_zero(match, SL_FIELD_VLAN_PCP);

	return (inner && sl_intervals_are(tags, 2, max)) ||
	       ((inner || outer) && sl_intervals_are(tags, 1, max));
}

bool sl_cond_is_body(const struct sl_conf_match *match, const struct sl_cond *cond)
{
	switch (cond->field) {
	case SL_FIELD_PROTO: /* the list's class, or in records: see place_of() */
		return false;
	case SL_FIELD_TAGS:
		return !tags_are_implied(match, &cond->set);
	default:
		return sl_fields[cond->field].place == SL_PLACE_LINK ||
		       sl_fields[cond->field].place == SL_PLACE_XPORT;
	}
}

/* Whether records of the list compare the condition, and where. */
static bool place_of(enum sl_field field, enum sl_l3 l3, enum sl_l4 l4, enum sl_place *place)
{
	*place = sl_fields[field].place;
	switch (*place) {
	case SL_PLACE_LINK:
		return false;
	case SL_PLACE_XPORT:
		*place = SL_PLACE_DPORT; /* of the protocol, see struct sl_key */
		return field == SL_FIELD_PROTO && l4 == SL_L4_OTHER;
	case SL_PLACE_ADDR4:
		return l3 == SL_L3_IP4;
	case SL_PLACE_ADDR6:
		return l3 == SL_L3_IP6;
	default:
		return true;
	}
}

static int ranges(struct sl_pieces *out, const struct sl_intervals *set)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (sl_pieces_add(out, set->v[i].low, set->v[i].high - set->v[i].low))
			return -ENOMEM;
	}
	return 0;
}

/* Numbers above the field's max do not occur: taking them along saves pieces. */
int sl_cond_cover(struct sl_pieces *out, const struct sl_cond *cond)
{
	const struct sl_field_info *field = &sl_fields[cond->field];
	struct sl_intervals set = {};
	int err;

	if (field->bits)
		return sl_cover_bits(out, &cond->set, field->width);
	if (!field->max || cond->set.v[cond->set.count - 1].high != field->max)
		return sl_cover_prefixes(out, &cond->set, field->width);
	err = sl_intervals_copy(&set, &cond->set);
	if (err)
		return err;
	set.v[set.count - 1].high = sl_ones(field->width);
	err = sl_cover_prefixes(out, &set, field->width);
	sl_intervals_clear(&set);
	return err;
}

int sl_spread_make(struct sl_spread *out, const struct sl_conf_rule *rule, enum sl_l3 l3,
		   enum sl_l4 l4)
{
	const struct sl_conf_match *match = rule->match;
	size_t i;
	int err;

	*out = (struct sl_spread) { .records = 1 };
	for (i = 0; i < match->count; i++) {
		const struct sl_cond *cond = &match->conds[i];
		struct sl_spread_cond *to = &out->conds[out->count];

		if (rule->aside_fields & 1U << cond->field ||
		    !place_of(cond->field, l3, l4, &to->place))
			continue;
		out->count++;
		to->field = cond->field;
		to->shift = sl_fields[cond->field].shift;
		if (to->place == SL_PLACE_SPORT || to->place == SL_PLACE_DPORT)
			err = ranges(&to->pieces, &cond->set);
		else
			err = sl_cond_cover(&to->pieces, cond);
		if (err) {
			sl_spread_clear(out);
			return err;
		}
		if (__builtin_mul_overflow(out->records, to->pieces.count, &out->records))
			out->records = ~0ULL;
	}
	return 0;
}

void sl_spread_clear(struct sl_spread *spread)
{
	unsigned int i;

	for (i = 0; i < spread->count; i++)
		sl_pieces_clear(&spread->conds[i].pieces);
	spread->count = 0;
}
