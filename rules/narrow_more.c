/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cover.h"

/* A place at i for one more element; NULL: no memory. The list grows by steps of one: it is short. */
static void *open_place(void **list, size_t *count, size_t i, size_t size)
{
	char *bigger = reallocarray(*list, *count + 1, size);

	if (!bigger)
		return NULL;
	*list = bigger;
	memmove(bigger + (i + 1) * size, bigger + i * size, (*count - i) * size);
	++*count;
	return memset(bigger + i * size, 0, size);
}

/* What the packet must have in both conditions. */
static int narrow_set(struct sl_narrow *n, struct sl_intervals *set,
		      const struct sl_intervals *other, const struct sl_part **by,
		      const struct sl_part *part)
{
	const struct sl_part *before = *by;
	int err;

	err = sl_intervals_intersect(set, other);
	if (err)
		return err;
	*by = part;
	return set->count ? 0 : sl_narrow_contradiction(n, part, before);
}

static int compare_raw(const struct sl_cond_raw *a, const struct sl_cond_raw *b)
{
	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->mask < b->mask ? -1 : a->mask > b->mask;
}

int sl_narrow_raw(struct sl_narrow *n, const struct sl_cond_raw *cond, const struct sl_part *part)
{
	struct sl_narrow_raw *raw;
	int order = 1;
	size_t i;

	for (i = 0; i < n->nraws; i++) {
		order = compare_raw(cond, &n->raws[i].cond);
		if (order <= 0)
			break;
	}
	if (i < n->nraws && !order)
		return narrow_set(n, &n->raws[i].cond.set, &cond->set, &n->raws[i].by, part);
	raw = open_place((void **)&n->raws, &n->nraws, i, sizeof(*raw));
	if (!raw)
		return -ENOMEM;
	raw->cond = *cond;
	raw->cond.set = (struct sl_intervals) {};
	raw->by = part;
	return sl_intervals_copy(&raw->cond.set, &cond->set);
}

int sl_narrow_length(struct sl_narrow *n, enum sl_length_of of, const struct sl_intervals *set,
		     const struct sl_part *part)
{
	struct sl_narrow_length *length;
	size_t i;

	for (i = 0; i < n->nlengths && n->lengths[i].cond.of < of; i++)
		;
	if (i < n->nlengths && n->lengths[i].cond.of == of)
		return narrow_set(n, &n->lengths[i].cond.set, set, &n->lengths[i].by, part);
	length = open_place((void **)&n->lengths, &n->nlengths, i, sizeof(*length));
	if (!length)
		return -ENOMEM;
	length->cond.of = of;
	length->by = part;
	return sl_intervals_copy(&length->cond.set, set);
}

int sl_narrow_mss(struct sl_narrow *n, const struct sl_intervals *set, const struct sl_part *part)
{
	if (n->mss_by)
		return narrow_set(n, &n->mss, set, &n->mss_by, part);
	n->mss_by = part;
	return sl_intervals_copy(&n->mss, set);
}

int sl_narrow_set(struct sl_narrow *n, const struct sl_cond_set *cond)
{
	struct sl_cond_set *set;
	size_t i;

	/* The same again says nothing new. */
	for (i = 0; i < n->nsets; i++) {
		set = &n->sets[i];
		if (set->set == cond->set && set->negate == cond->negate &&
		    !memcmp(set->part, cond->part, sizeof(cond->part)))
			return 0;
	}
	set = open_place((void **)&n->sets, &n->nsets, n->nsets, sizeof(*set));
	if (!set)
		return -ENOMEM;
	*set = *cond;
	return 0;
}

int sl_narrow_iface(struct sl_narrow *n, const struct sl_cond_iface *cond)
{
	struct sl_cond_iface *iface;
	size_t i;

	for (i = 0; i < n->nifaces; i++) {
		if (n->ifaces[i].pattern == cond->pattern && n->ifaces[i].negate == cond->negate)
			return 0;
	}
	iface = open_place((void **)&n->ifaces, &n->nifaces, n->nifaces, sizeof(*iface));
	if (!iface)
		return -ENOMEM;
	*iface = *cond;
	return 0;
}

int sl_narrow_more(struct sl_narrow *n, struct sl_conf_match *match)
{
	size_t i;

	if (n->nraws) {
		match->raws = calloc(n->nraws, sizeof(*match->raws));
		if (!match->raws)
			return -ENOMEM;
	}
	if (n->nlengths) {
		match->lengths = calloc(n->nlengths, sizeof(*match->lengths));
		if (!match->lengths) {
			free(match->raws);
			return -ENOMEM;
		}
	}
	for (i = 0; i < n->nraws; i++) {
		match->raws[i] = n->raws[i].cond;
		n->raws[i].cond.set = (struct sl_intervals) {};
	}
	for (i = 0; i < n->nlengths; i++) {
		match->lengths[i] = n->lengths[i].cond;
		n->lengths[i].cond.set = (struct sl_intervals) {};
	}
	match->nraws = n->nraws;
	match->nlengths = n->nlengths;
	match->mss = n->mss;
	n->mss = (struct sl_intervals) {};
	match->sets = TAKE_PTR(n->sets);
	match->nsets = n->nsets;
	match->ifaces = TAKE_PTR(n->ifaces);
	match->nifaces = n->nifaces;
	return 0;
}

void sl_narrow_more_clear(struct sl_narrow *n)
{
	size_t i;

	for (i = 0; i < n->nraws; i++)
		sl_intervals_clear(&n->raws[i].cond.set);
	for (i = 0; i < n->nlengths; i++)
		sl_intervals_clear(&n->lengths[i].cond.set);
	free(n->raws);
	free(n->lengths);
	sl_intervals_clear(&n->mss);
	free(n->sets);
	free(n->ifaces);
}
