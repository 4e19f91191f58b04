/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "covers.h"

#include <string.h>

/* What conditions on the field are about: inner has packets of these classes. */
static bool concerns(enum sl_field field, __u8 l3)
{
	switch (field) {
	case SL_FIELD_SADDR4:
	case SL_FIELD_DADDR4:
		return l3 & SL_L3_BIT(SL_L3_IP4);
	case SL_FIELD_SADDR6:
	case SL_FIELD_DADDR6:
		return l3 & SL_L3_BIT(SL_L3_IP6);
	case SL_FIELD_ETHERTYPE:
		/* Of the other classes it is implied. */
		return l3 & SL_L3_BIT(SL_L3_OTHER);
	default:
		return true;
	}
}

static bool covers_field(const struct sl_cond *outer, const struct sl_conf_match *inner)
{
	const struct sl_intervals *set = sl_match_find(inner, outer->field);

	if (!concerns(outer->field, inner->l3))
		return true;
	if (!set)
		return sl_intervals_are(&outer->set, 0, sl_field_max(outer->field));
	return sl_intervals_cover(&outer->set, set);
}

static bool covers_raw(const struct sl_cond_raw *outer, const struct sl_conf_match *inner)
{
	size_t i;

	for (i = 0; i < inner->nraws; i++) {
		const struct sl_cond_raw *raw = &inner->raws[i];

		if (raw->base == outer->base && raw->offset == outer->offset &&
		    raw->length == outer->length && raw->mask == outer->mask)
			return sl_intervals_cover(&outer->set, &raw->set);
	}
	return false;
}

static bool covers_length(const struct sl_cond_length *outer, const struct sl_conf_match *inner)
{
	size_t i;

	for (i = 0; i < inner->nlengths; i++) {
		if (inner->lengths[i].of == outer->of)
			return sl_intervals_cover(&outer->set, &inner->lengths[i].set);
	}
	return false;
}

static bool has_set(const struct sl_conf_match *match, const struct sl_cond_set *cond)
{
	size_t i;

	for (i = 0; i < match->nsets; i++) {
		if (match->sets[i].set == cond->set && match->sets[i].negate == cond->negate &&
		    !memcmp(match->sets[i].part, cond->part, sizeof(cond->part)))
			return true;
	}
	return false;
}

static bool has_iface(const struct sl_conf_match *match, const struct sl_cond_iface *cond)
{
	size_t i;

	for (i = 0; i < match->nifaces; i++) {
		if (match->ifaces[i].pattern == cond->pattern &&
		    match->ifaces[i].negate == cond->negate)
			return true;
	}
	return false;
}

static bool has_name(const struct sl_conf_match *match, const struct sl_cond_name *cond)
{
	size_t i;

	for (i = 0; i < match->nnames; i++) {
		const struct sl_cond_name *name = &match->names[i];

		if (name->app == cond->app && name->negate == cond->negate &&
		    name->names.used == cond->names.used &&
		    !memcmp(name->names.bytes, cond->names.bytes, cond->names.used))
			return true;
	}
	return false;
}

/* What is not in the key. */
static bool covers_more(const struct sl_conf_match *outer, const struct sl_conf_match *inner)
{
	size_t i;

	for (i = 0; i < outer->nraws; i++) {
		if (!covers_raw(&outer->raws[i], inner))
			return false;
	}
	for (i = 0; i < outer->nlengths; i++) {
		if (!covers_length(&outer->lengths[i], inner))
			return false;
	}
	for (i = 0; i < outer->nsets; i++) {
		if (!has_set(inner, &outer->sets[i]))
			return false;
	}
	for (i = 0; i < outer->nifaces; i++) {
		if (!has_iface(inner, &outer->ifaces[i]))
			return false;
	}
	for (i = 0; i < outer->nnames; i++) {
		if (!has_name(inner, &outer->names[i]))
			return false;
	}
	return !outer->mss.count ||
	       (inner->mss.count && sl_intervals_cover(&outer->mss, &inner->mss));
}

static bool covers_classes(const struct sl_conf_match *outer, const struct sl_conf_match *inner)
{
	return !(inner->l3 & ~outer->l3) && (!outer->header || inner->header);
}

bool sl_match_covers(const struct sl_conf_match *outer, const struct sl_conf_match *inner)
{
	size_t i;

	if (!covers_classes(outer, inner))
		return false;
	for (i = 0; i < outer->count; i++) {
		if (!covers_field(&outer->conds[i], inner))
			return false;
	}
	return covers_more(outer, inner);
}

bool sl_match_covers_but(const struct sl_conf_match *outer, const struct sl_conf_match *inner,
			 enum sl_field *field)
{
	unsigned int missing = 0;
	size_t i;

	if (!covers_classes(outer, inner))
		return false;
	for (i = 0; i < outer->count && missing < 2; i++) {
		if (covers_field(&outer->conds[i], inner))
			continue;
		missing++;
		*field = outer->conds[i].field;
	}
	return missing == 1 && covers_more(outer, inner);
}

bool sl_match_equal(const struct sl_conf_match *a, const struct sl_conf_match *b)
{
	return sl_match_covers(a, b) && sl_match_covers(b, a);
}
