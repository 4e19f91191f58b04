/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* Everything that the sets of a configuration hold: its own elements, and those of its files. */

#include "set_content.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cover.h"
#include "diag.h"
#include "field.h"
#include "geoip.h"
#include "source.h"

struct sl_set_spec sl_set_spec_of(const struct sl_conf_set *set)
{
	struct sl_set_spec spec = { .nparts = set->nparts, .plain = sl_set_is_plain(set) };

	memcpy(spec.type, set->type, sizeof(spec.type));
	return spec;
}

enum sl_set_root sl_elem_space(const struct sl_set_spec *spec, const struct sl_conf_elem *elem)
{
	if (elem->l3 == SL_L3_BIT(SL_L3_IP4))
		return SL_ROOT_IP4;
	return elem->l3 ? SL_ROOT_NETS : SL_ROOT_NUMBER;
}

/* --- lists --- */

int sl_elems_add(struct sl_conf_elems *elems, const struct sl_set_spec *spec,
		 const struct sl_conf_elem *elem)
{
	const struct sl_interval *range = &elem->part[0];

	if (!spec->plain)
		return sl_elems_append(elems, elem);
	switch (sl_elem_space(spec, elem)) {
	case SL_ROOT_IP4:
		return sl_intervals_add(&elems->four, range->low, range->high);
	case SL_ROOT_NETS:
		return sl_intervals_add(&elems->six, range->low, range->high);
	default:
		return sl_intervals_add(&elems->numbers, range->low, range->high);
	}
}

static int compare_numbers(sl_u128 a, sl_u128 b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *a, const void *b)
{
	const struct sl_conf_elem *x = a, *y = b;
	int order = (int)x->l3 - (int)y->l3;
	unsigned int i;

	for (i = 0; i < SL_SET_PARTS && !order; i++) {
		order = compare_numbers(x->part[i].low, y->part[i].low);
		if (!order)
			order = compare_numbers(x->part[i].high, y->part[i].high);
	}
	return order;
}

void sl_elems_normalise(struct sl_conf_elems *elems)
{
	size_t i, n = 0;

	sl_intervals_normalise(&elems->four);
	sl_intervals_normalise(&elems->six);
	sl_intervals_normalise(&elems->numbers);
	if (!elems->count)
		return;
	qsort(elems->v, elems->count, sizeof(*elems->v), compare);
	for (i = 1; i < elems->count; i++)
		if (compare(&elems->v[n], &elems->v[i]))
			elems->v[++n] = elems->v[i];
	elems->count = n + 1;
}

bool sl_elems_have(const struct sl_conf_elems *elems, const struct sl_conf_elem *elem)
{
	return elems->count && bsearch(elem, elems->v, elems->count, sizeof(*elem), compare);
}

size_t sl_elems_count(const struct sl_conf_elems *elems)
{
	return elems->count + elems->four.count + elems->six.count + elems->numbers.count +
	       elems->names.count;
}

typedef int elem_fn(void *arg, const struct sl_conf_elem *elem);

static int each_prefix(const struct sl_intervals *v, enum sl_l3 l3, elem_fn *call, void *arg)
{
	unsigned int width = l3 == SL_L3_IP4 ? 32 : 128;
	size_t i, n;
	int err = 0;

	for (i = 0; i < v->count && !err; i++) {
		_cleanup_(sl_pieces_clear) struct sl_pieces pieces = {};
		const struct sl_intervals one = { .v = &v->v[i], .count = 1 };

		err = sl_cover_prefixes(&pieces, &one, width);
		for (n = 0; n < pieces.count && !err; n++) {
			sl_u128 low = pieces.v[n].value;
			struct sl_conf_elem elem = {
				.l3 = (__u8)SL_L3_BIT(l3),
				.part[0] = { low, low | (sl_ones(width) & ~pieces.v[n].mask) },
			};

			err = call(arg, &elem);
		}
	}
	return err;
}

int sl_elems_each(const struct sl_conf_elems *elems, const struct sl_set_spec *spec, elem_fn *call,
		  void *arg)
{
	size_t i;
	int err;

	err = each_prefix(&elems->four, SL_L3_IP4, call, arg);
	if (!err)
		err = each_prefix(&elems->six, SL_L3_IP6, call, arg);
	for (i = 0; i < elems->numbers.count && !err; i++) {
		struct sl_conf_elem elem = { .part[0] = elems->numbers.v[i] };

		/* MAC addresses have no ranges. */
		for (; spec->type[0] == SL_TYPE_MAC && elem.part[0].low < elem.part[0].high && !err;
		     elem.part[0].low++) {
			struct sl_conf_elem one = { .part[0] = { elem.part[0].low,
								 elem.part[0].low } };

			err = call(arg, &one);
		}
		if (!err)
			err = call(arg, &elem);
	}
	return err;
}

/* --- a set --- */

static int add_all(struct sl_intervals *to, const struct sl_intervals *from)
{
	size_t i;

	for (i = 0; i < from->count; i++)
		if (sl_intervals_add(to, from->v[i].low, from->v[i].high))
			return -ENOMEM;
	return 0;
}

/* What the configuration itself has. */
static int add_written(struct sl_conf_elems *to, const struct sl_conf_elems *from)
{
	struct sl_domain domain;
	size_t i, at = 0;

	while (sl_domains_next(&from->names, &at, &domain))
		if (sl_domains_add(&to->names, &domain))
			return -ENOMEM;

	for (i = 0; i < from->count; i++)
		if (sl_elems_append(to, &from->v[i]))
			return -ENOMEM;
	if (add_all(&to->four, &from->four) || add_all(&to->six, &from->six))
		return -ENOMEM;
	return add_all(&to->numbers, &from->numbers);
}

struct reading {
	struct sl_conf *conf;
	struct sl_diag *diag;
	unsigned int order; /* of the last file */
	bool failed; /* there were errors in the set */
};

static int note(struct reading *r, int err)
{
	r->failed |= err == -EINVAL;
	return err == -EINVAL ? 0 : err;
}

static int read_glob(struct reading *r, const struct sl_set_spec *spec,
		     const struct sl_conf_file *file, struct sl_conf_elems *elems)
{
	glob_t found = {};
	size_t i;
	int err;

	err = glob(file->pattern, GLOB_NOMAGIC, NULL, &found);
	if (err == GLOB_NOSPACE)
		return -ENOMEM;
	if (err == GLOB_ABORTED)
		err = note(r,
			   sl_diag_error(r->diag, &file->loc, "cannot list '%s'", file->pattern));
	else
		err = 0;
	for (i = 0; i < found.gl_pathc && !err; i++)
		err = note(r, sl_feed_read(elems, spec, found.gl_pathv[i], &file->loc, ++r->order,
					   r->diag));
	globfree(&found);
	return err;
}

/* Entries have keys of 40 bytes, and the kernel's trie knows no other parts. */
static int check_parts(struct reading *r, const struct sl_conf_set *set)
{
	unsigned int i, wide = 0;

	if (sl_set_is_plain(set))
		return 0;
	for (i = 0; i < set->nparts; i++) {
		if (set->type[i] == SL_TYPE_PREFIX && set->nparts > 1)
			return sl_diag_error(r->diag, &set->loc,
					     "a prefix cannot be part of an element: use addr");
		wide += set->type[i] != SL_TYPE_PORT && set->type[i] != SL_TYPE_PROTO;
	}
	if (wide > SL_KEY_WIDE)
		return sl_diag_error(
			r->diag, &set->loc,
			"elements of a set have two parts at most that are addresses or MAC addresses");
	return 0;
}

static int check_size(struct reading *r, const struct sl_conf_set *set)
{
	size_t count = sl_elems_count(&set->content->elems);

	if (!set->size || count <= set->size)
		return 0;
	/* Lists name some more than once; millions are only put in order when it matters. */
	if (sl_domains_sort(&set->content->elems.names))
		return -ENOMEM;
	count = sl_elems_count(&set->content->elems);
	if (count <= set->size)
		return 0;
	return sl_diag_error(r->diag, &set->loc, "set '%s' holds %zu elements, its size is %u",
			     set->name ? set->name : "", count, set->size);
}

static int read_set(struct reading *r, struct sl_conf_set *set)
{
	struct sl_set_spec spec = sl_set_spec_of(set);
	size_t i;
	int err;

	if (set->content)
		return 0;
	set->content = calloc(1, sizeof(*set->content));
	if (!set->content)
		return -ENOMEM;
	err = note(r, check_parts(r, set));
	if (!err)
		err = add_written(&set->content->elems, &set->elems);
	for (i = 0; i < set->nfiles && !err; i++)
		err = read_glob(r, &spec, &set->files[i], &set->content->elems);
	if (!err && set->ncountries)
		err = note(r, sl_geoip_read(&set->content->elems, r->conf->geoip, set->countries,
					    set->ncountries, &set->loc, r->diag));
	if (err)
		return err;
	sl_elems_normalise(&set->content->elems);
	return note(r, check_size(r, set));
}

/* What was read in part would pass for read. */
void sl_set_content_drop(struct sl_conf_set *set)
{
	if (set->content)
		sl_elems_clear(&set->content->elems);
	free(set->content);
	set->content = NULL;
}

int sl_sets_read(struct sl_conf *conf, struct sl_diag *diag)
{
	struct reading r = { .conf = conf, .diag = diag };
	bool failed = false;
	size_t i;
	int err = 0;

	if (conf->sources)
		r.order = conf->sources->order;
	for (i = 0; i < conf->nsets && !err; i++) {
		r.failed = false;
		err = read_set(&r, &conf->sets[i]);
		if (err || r.failed)
			sl_set_content_drop(&conf->sets[i]);
		failed |= r.failed;
	}
	if (!err && failed)
		err = -EINVAL;
	return err;
}
