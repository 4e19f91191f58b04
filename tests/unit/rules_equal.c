/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules_equal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "match.h"
#include "rules_random.h"

static bool raws_are_equal(const struct sl_conf_match *a, const struct sl_conf_match *b)
{
	size_t i;

	if (a->nraws != b->nraws)
		return false;
	for (i = 0; i < a->nraws; i++) {
		const struct sl_cond_raw *x = &a->raws[i], *y = &b->raws[i];

		if (x->base != y->base || x->offset != y->offset || x->length != y->length ||
		    x->mask != y->mask || !sl_intervals_equal(&x->set, &y->set))
			return false;
	}
	return true;
}

static bool lengths_are_equal(const struct sl_conf_match *a, const struct sl_conf_match *b)
{
	size_t i;

	if (a->nlengths != b->nlengths || !sl_intervals_equal(&a->mss, &b->mss))
		return false;
	for (i = 0; i < a->nlengths; i++) {
		if (a->lengths[i].of != b->lengths[i].of ||
		    !sl_intervals_equal(&a->lengths[i].set, &b->lengths[i].set))
			return false;
	}
	return true;
}

static bool names_are_equal(const struct sl_conf_match *a, const struct sl_conf_match *b)
{
	size_t i;

	if (a->nsets != b->nsets || a->nifaces != b->nifaces)
		return false;
	for (i = 0; i < a->nsets; i++) {
		if (a->sets[i].set != b->sets[i].set || a->sets[i].negate != b->sets[i].negate ||
		    memcmp(a->sets[i].part, b->sets[i].part, SL_SET_PARTS) != 0)
			return false;
	}
	for (i = 0; i < a->nifaces; i++) {
		if (a->ifaces[i].pattern != b->ifaces[i].pattern ||
		    a->ifaces[i].negate != b->ifaces[i].negate)
			return false;
	}
	return true;
}

static bool matches_are_equal(const struct sl_conf_match *a, const struct sl_conf_match *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	if (a->l3 != b->l3 || a->header != b->header || a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (a->conds[i].field != b->conds[i].field ||
		    !sl_intervals_equal(&a->conds[i].set, &b->conds[i].set))
			return false;
	}
	return raws_are_equal(a, b) && lengths_are_equal(a, b) && names_are_equal(a, b);
}

static void assert_equal_rules(const struct sl_conf_rule *a, const struct sl_conf_rule *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->dir, b->dir);
	assert_int_equal(a->is_policy, b->is_policy);
	assert_int_equal(a->action, b->action);
	assert_int_equal(a->arg, b->arg);
	assert_memory_equal(a->reply, b->reply, sizeof(a->reply));
	assert_int_equal(a->nstmts, b->nstmts);
	if (a->nstmts && memcmp(a->stmts, b->stmts, a->nstmts * sizeof(*a->stmts)) != 0)
		fail_msg("'%s' acts otherwise when read back", a->text);
	if (!matches_are_equal(a->match, b->match))
		fail_msg("'%s' does not read back equal", a->text);
}

static void assert_equal_elems(const struct sl_conf_elems *a, const struct sl_conf_elems *b)
{
	assert_true(sl_intervals_equal(&a->four, &b->four));
	assert_true(sl_intervals_equal(&a->six, &b->six));
	assert_true(sl_intervals_equal(&a->numbers, &b->numbers));
	assert_int_equal(a->count, b->count);
	if (a->count)
		assert_memory_equal(a->v, b->v, a->count * sizeof(*a->v));
}

static void assert_equal_sets(const struct sl_conf_set *a, const struct sl_conf_set *b)
{
	size_t i;

	assert_string_equal(a->name ?: "", b->name ?: "");
	assert_int_equal(a->nparts, b->nparts);
	assert_memory_equal(a->type, b->type, a->nparts * sizeof(*a->type));
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->timeout_s, b->timeout_s);
	assert_int_equal(a->counters, b->counters);
	assert_int_equal(a->nfiles, b->nfiles);
	for (i = 0; i < a->nfiles; i++)
		assert_string_equal(a->files[i].pattern, b->files[i].pattern);
	assert_int_equal(a->ncountries, b->ncountries);
	if (a->ncountries)
		assert_memory_equal(a->countries, b->countries,
				    a->ncountries * sizeof(*a->countries));
	assert_equal_elems(&a->elems, &b->elems);
}

static void assert_equal_names(char *const *a, size_t count, char *const *b, size_t other)
{
	size_t i;

	assert_int_equal(count, other);
	for (i = 0; i < count; i++)
		assert_string_equal(a[i], b[i]);
}

void assert_equal_confs(const struct sl_conf *a, const struct sl_conf *b)
{
	size_t i;

	assert_int_equal(a->drop_reasons, b->drop_reasons);
	assert_string_equal(a->geoip ?: "", b->geoip ?: "");
	assert_int_equal(a->nifaces, b->nifaces);
	for (i = 0; i < a->nifaces; i++) {
		assert_string_equal(a->ifaces[i].pattern, b->ifaces[i].pattern);
		assert_int_equal(a->ifaces[i].is_glob, b->ifaces[i].is_glob);
		assert_int_equal(a->ifaces[i].xdp, b->ifaces[i].xdp);
		assert_int_equal(a->ifaces[i].priority, b->ifaces[i].priority);
		assert_memory_equal(a->ifaces[i].tc, b->ifaces[i].tc, sizeof(a->ifaces[i].tc));
	}
	assert_equal_names(a->ports, a->nports, b->ports, b->nports);
	assert_equal_names(a->patterns, a->npatterns, b->patterns, b->npatterns);
	assert_int_equal(a->nsets, b->nsets);
	for (i = 0; i < a->nsets; i++)
		assert_equal_sets(&a->sets[i], &b->sets[i]);
	assert_int_equal(a->nrules, b->nrules);
	for (i = 0; i < a->nrules; i++)
		assert_equal_rules(&a->rules[i], &b->rules[i]);
}

void assert_round_trip(const struct sl_conf *conf)
{
	_cleanup_(sl_conf_freep) struct sl_conf *again = NULL;
	_cleanup_free_ char *once = NULL, *twice = NULL;

	assert_int_equal(sl_conf_print(conf, &once), 0);
	again = must_parse(once);
	assert_equal_confs(conf, again);
	assert_int_equal(sl_conf_print(again, &twice), 0);
	assert_string_equal(once, twice);
}
