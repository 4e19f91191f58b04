/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool is_same_set(const struct sl_cond_set *a, const struct sl_cond_set *b)
{
	return a->set == b->set && !memcmp(a->part, b->part, sizeof(a->part));
}

int sl_narrow_set(struct sl_narrow *n, const struct sl_cond_set *cond, const struct sl_part *part)
{
	struct sl_narrow_set *set;
	size_t i;

	for (i = 0; i < n->nsets; i++) {
		set = &n->sets[i];
		if (!is_same_set(&set->cond, cond))
			continue;
		/* The same again says nothing new. */
		return set->cond.negate == cond->negate ? 0
							: sl_narrow_contradiction(n, part, set->by);
	}
	set = open_place((void **)&n->sets, &n->nsets, n->nsets, sizeof(*set));
	if (!set)
		return -ENOMEM;
	*set = (struct sl_narrow_set) { *cond, part };
	return 0;
}

/* Whether no interface can match both patterns: names without wildcards, and none in common. */
static bool are_disjoint(const char *a, const char *b)
{
	char name[IFNAMSIZ];
	size_t length;

	if (strpbrk(a, "*?[") || strpbrk(b, "*?["))
		return false;
	for (; *a; a += length + (a[length] == ' ')) {
		length = strcspn(a, " ");
		snprintf(name, sizeof(name), "%.*s", (int)length, a);
		if (sl_pattern_matches(b, name))
			return false;
	}
	return true;
}

static bool exclude(const struct sl_narrow *n, const struct sl_cond_iface *a,
		    const struct sl_cond_iface *b)
{
	char *const *patterns = n->p->conf->patterns;

	if (a->pattern == b->pattern)
		return a->negate != b->negate;
	return !a->negate && !b->negate && are_disjoint(patterns[a->pattern], patterns[b->pattern]);
}

int sl_narrow_iface(struct sl_narrow *n, const struct sl_cond_iface *cond,
		    const struct sl_part *part)
{
	struct sl_narrow_iface *iface;
	size_t i;

	for (i = 0; i < n->nifaces; i++) {
		iface = &n->ifaces[i];
		if (exclude(n, &iface->cond, cond))
			return sl_narrow_contradiction(n, part, iface->by);
		if (iface->cond.pattern == cond->pattern)
			return 0;
	}
	iface = open_place((void **)&n->ifaces, &n->nifaces, n->nifaces, sizeof(*iface));
	if (!iface)
		return -ENOMEM;
	*iface = (struct sl_narrow_iface) { *cond, part };
	return 0;
}

/* A message is of one application: names of two are in none. */
int sl_narrow_name(struct sl_narrow *n, struct sl_cond_name *cond, const struct sl_part *part)
{
	struct sl_narrow_name *name;
	size_t i;

	for (i = 0; i < n->nnames; i++) {
		if (n->names[i].cond.app != cond->app)
			return sl_narrow_contradiction(n, part, n->names[i].by);
	}
	name = open_place((void **)&n->names, &n->nnames, n->nnames, sizeof(*name));
	if (!name)
		return -ENOMEM;
	*name = (struct sl_narrow_name) { *cond, part };
	cond->names = (struct sl_domains) {};
	return 0;
}

/* Room for all conditions of the match. */
static int open_match(const struct sl_narrow *n, struct sl_conf_match *match)
{
	if (n->nraws)
		match->raws = calloc(n->nraws, sizeof(*match->raws));
	if (n->nlengths)
		match->lengths = calloc(n->nlengths, sizeof(*match->lengths));
	if (n->nsets)
		match->sets = calloc(n->nsets, sizeof(*match->sets));
	if (n->nifaces)
		match->ifaces = calloc(n->nifaces, sizeof(*match->ifaces));
	if (n->nnames)
		match->names = calloc(n->nnames, sizeof(*match->names));
	if ((n->nraws && !match->raws) || (n->nlengths && !match->lengths) ||
	    (n->nsets && !match->sets) || (n->nifaces && !match->ifaces) ||
	    (n->nnames && !match->names))
		return -ENOMEM;
	return 0;
}

int sl_narrow_more(struct sl_narrow *n, struct sl_conf_match *match)
{
	if (open_match(n, match))
		return -ENOMEM;
	for (; match->nraws < n->nraws; match->nraws++) {
		struct sl_cond_raw *cond = &n->raws[match->nraws].cond;

		match->raws[match->nraws] = *cond;
		cond->set = (struct sl_intervals) {};
	}
	for (; match->nlengths < n->nlengths; match->nlengths++) {
		struct sl_cond_length *cond = &n->lengths[match->nlengths].cond;

		match->lengths[match->nlengths] = *cond;
		cond->set = (struct sl_intervals) {};
	}
	for (; match->nsets < n->nsets; match->nsets++)
		match->sets[match->nsets] = n->sets[match->nsets].cond;
	for (; match->nifaces < n->nifaces; match->nifaces++)
		match->ifaces[match->nifaces] = n->ifaces[match->nifaces].cond;
	for (; match->nnames < n->nnames; match->nnames++) {
		struct sl_cond_name *cond = &n->names[match->nnames].cond;

		match->names[match->nnames] = *cond;
		cond->names = (struct sl_domains) {};
	}
	match->mss = n->mss;
	n->mss = (struct sl_intervals) {};
	return 0;
}

void sl_narrow_more_clear(struct sl_narrow *n)
{
	size_t i;

	for (i = 0; i < n->nraws; i++)
		sl_intervals_clear(&n->raws[i].cond.set);
	for (i = 0; i < n->nlengths; i++)
		sl_intervals_clear(&n->lengths[i].cond.set);
	for (i = 0; i < n->nnames; i++)
		sl_domains_clear(&n->names[i].cond.names);
	free(n->names);
	free(n->raws);
	free(n->lengths);
	sl_intervals_clear(&n->mss);
	free(n->sets);
	free(n->ifaces);
}
