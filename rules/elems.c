/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cover.h"
#include "diag.h"

/* How the parts of an element are read: as a match of that name would. */
static const struct sl_selector_info types[SL_TYPE_MAX_] = {
	[SL_TYPE_ADDR] = { "addr", SL_FIELD_SADDR4, .words = &sl_words_none, .l3 = SL_L3_IPS },
	[SL_TYPE_PREFIX] = { "prefix", SL_FIELD_SADDR4, .words = &sl_words_none, .l3 = SL_L3_IPS },
	[SL_TYPE_PORT] = { "port", SL_FIELD_DPORT, .words = &sl_words_port },
	[SL_TYPE_MAC] = { "mac", SL_FIELD_MAX_, .words = &sl_words_mac, .kind = SL_KIND_RAW,
			  .length = 6 },
	[SL_TYPE_PROTO] = { "proto", SL_FIELD_PROTO, .words = &sl_words_proto },
	/* [SL_TYPE_DOMAIN]: see read_names(). */
};

static int read_plain(struct sl_parser *p, const struct sl_values *values, struct sl_conf_set *set)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted wanted = {
		.selector = &types[set->type[0]],
		.field = types[set->type[0]].field,
	};
	int err;

	err = sl_values_read(p, values, &wanted);
	if (err)
		return err;
	if (sl_selector_is_addr(wanted.selector)) {
		set->elems.four = wanted.set;
		set->elems.six = wanted.set6;
		wanted.set6 = (struct sl_intervals) {};
	} else {
		set->elems.numbers = wanted.set;
	}
	wanted.set = (struct sl_intervals) {};
	return 0;
}

static bool is_prefix(const struct sl_interval *v)
{
	sl_u128 span = v->high - v->low;

	return !(span & (span + 1)) && !(v->low & span);
}

/* Of an element: more than one number is only in a prefix that stands alone. */
static int read_part(struct sl_parser *p, const struct sl_value *value,
		     const struct sl_conf_set *set, unsigned int number, struct sl_interval *out)
{
	enum sl_set_type type = set->type[number];
	int err;

	err = sl_value_read(p, value, &types[type], out);
	if (err || out->low == out->high || (type == SL_TYPE_PREFIX && is_prefix(out)))
		return err;
	if (set->nparts > 1)
		return sl_diag_error(
			p->diag, &value->loc,
			"a part of an element is one value: neither a range nor a prefix");
	if (type == SL_TYPE_ADDR && is_prefix(out))
		return sl_diag_error(
			p->diag, &value->loc,
			"this set has elements one by one: a prefix is of type 'prefix'");
	return sl_diag_error(p->diag, &value->loc,
			     "this set has elements one by one: a range is none");
}

static __u8 family(const struct sl_value *value, enum sl_set_type type)
{
	if (!sl_selector_is_addr(&types[type]))
		return 0;
	return value->low.kind == SL_ATOM_ADDR6 ? SL_L3_BIT(SL_L3_IP6) : SL_L3_BIT(SL_L3_IP4);
}

static int wrong_parts(struct sl_parser *p, const struct sl_value *value,
		       const struct sl_conf_set *set)
{
	const struct sl_value *part;
	unsigned int parts = 1;

	if (value->kind == SL_VALUE_CONCAT) {
		for (parts = 0, part = value->parts; part; part = part->next)
			parts++;
	}
	if (parts == set->nparts)
		return 0;
	return sl_diag_error(p->diag, &value->loc,
			     "this element has %u part%s, and the set's have %u", parts,
			     parts > 1 ? "s" : "", set->nparts);
}

static int read_elem(struct sl_parser *p, const struct sl_value *value,
		     const struct sl_conf_set *set, struct sl_conf_elem *out)
{
	const struct sl_value *part = value->kind == SL_VALUE_CONCAT ? value->parts : value;
	unsigned int i;
	int err;

	err = wrong_parts(p, value, set);
	for (i = 0; !err && i < set->nparts; i++, part = part->next) {
		__u8 l3 = family(part, set->type[i]);

		if (part->kind == SL_VALUE_REF)
			return sl_diag_error(p->diag, &part->loc,
					     "a definition cannot stand for a part of an element");
		err = read_part(p, part, set, i, &out->part[i]);
		if (!err && l3 && out->l3 && l3 != out->l3)
			err = sl_diag_error(p->diag, &value->loc,
					    "addresses of two families in one element");
		out->l3 |= l3;
	}
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct sl_conf_elem *x = a, *y = b;
	unsigned int i;

	if (x->l3 != y->l3)
		return x->l3 < y->l3 ? -1 : 1;
	for (i = 0; i < SL_SET_PARTS; i++) {
		if (x->part[i].low != y->part[i].low)
			return x->part[i].low < y->part[i].low ? -1 : 1;
		if (x->part[i].high != y->part[i].high)
			return x->part[i].high < y->part[i].high ? -1 : 1;
	}
	return 0;
}

static void normalise(struct sl_conf_elems *elems)
{
	size_t i, n = 0;

	if (!elems->count)
		return;
	qsort(elems->v, elems->count, sizeof(*elems->v), compare);
	for (i = 1; i < elems->count; i++) {
		if (compare(&elems->v[n], &elems->v[i]))
			elems->v[++n] = elems->v[i];
	}
	elems->count = n + 1;
}

static int check_size(struct sl_parser *p, const struct sl_values *values,
		      const struct sl_conf_set *set)
{
	if (!set->size || set->elems.count <= set->size)
		return 0;
	return sl_diag_error(p->diag, &values->loc, "%zu elements, and the set's size is %u",
			     set->elems.count, set->size);
}

static int read_names(struct sl_parser *p, const struct sl_values *values, struct sl_conf_set *set)
{
	if (!values->first)
		return 0;
	return sl_names_read(p, values, &set->elems.names);
}

int sl_elems_read(struct sl_parser *p, const struct sl_values *values, struct sl_conf_set *set)
{
	struct sl_flat flat = {};
	int failed, err;
	size_t i;

	if (set->type[0] == SL_TYPE_DOMAIN)
		return read_names(p, values, set);
	if (sl_set_is_plain(set))
		return read_plain(p, values, set);
	failed = sl_flat_read(p, values, &flat);
	if (failed == -ENOMEM)
		return failed;
	for (i = 0; i < flat.count; i++) {
		struct sl_conf_elem elem = {};

		err = read_elem(p, flat.v[i], set, &elem);
		if (!err)
			err = sl_elems_append(&set->elems, &elem);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	normalise(&set->elems);
	return failed ? failed : check_size(p, values, set);
}
