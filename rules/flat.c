/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "diag.h"

/* Definitions may double at each step: what one list may come to, and how deep they go. */
#define FLAT_MAX   (1U << 20)
#define NESTED_MAX 64

struct flattening {
	struct sl_parser *p;
	struct sl_flat *out;
	size_t size;
	unsigned int nested;
};

/* The pool keeps the old list: doubling makes that as much as the new one at most. */
static int add(struct flattening *f, const struct sl_value *value)
{
	struct sl_flat *out = f->out;
	const struct sl_value **bigger;

	if (out->count == FLAT_MAX)
		return -E2BIG;
	if (out->count == f->size) {
		f->size = f->size ? f->size * 2 : 16;
		bigger = (const struct sl_value **)sl_pool_alloc(&f->p->pool,
								 f->size * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		if (out->count)
			memcpy((void *)bigger, (const void *)out->v, out->count * sizeof(*bigger));
		out->v = bigger;
	}
	out->v[out->count++] = value;
	return 0;
}

static int flatten(struct flattening *f, const struct sl_values *values);

static int flatten_ref(struct flattening *f, const struct sl_value *ref)
{
	const struct sl_values *values;
	int err;

	err = sl_define_find(f->p, ref, f->nested > 0, &values);
	if (err)
		return err;
	if (++f->nested > NESTED_MAX)
		err = sl_diag_error(f->p->diag, &ref->loc,
				    "definitions refer to each other more than %d deep",
				    NESTED_MAX);
	else
		err = flatten(f, values);
	f->nested--;
	return err;
}

static int flatten(struct flattening *f, const struct sl_values *values)
{
	const struct sl_value *value;
	int failed = 0, err;

	for (value = values->first; value; value = value->next) {
		err = value->kind == SL_VALUE_REF ? flatten_ref(f, value) : add(f, value);
		if (err == -ENOMEM || err == -E2BIG)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}

int sl_flat_read(struct sl_parser *p, const struct sl_values *values, struct sl_flat *out)
{
	struct flattening f = { .p = p, .out = out };
	int err;

	err = flatten(&f, values);
	if (err == -E2BIG)
		return sl_diag_error(p->diag, &values->loc, "more than %u values in one list",
				     FLAT_MAX);
	return err;
}

int sl_flat_names(struct sl_parser *p, const struct sl_values *values, const char *noun,
		  struct sl_flat *out)
{
	int err = sl_flat_read(p, values, out), failed = err;
	size_t i;

	if (err == -ENOMEM)
		return err;
	for (i = 0; i < out->count; i++) {
		const struct sl_value *value = out->v[i];

		if (value->kind == SL_VALUE_ATOM &&
		    (value->low.kind == SL_ATOM_WORD || value->low.kind == SL_ATOM_STRING))
			continue;
		failed = sl_diag_error(p->diag, &value->loc, "'%.*s' is no %s",
				       (int)sl_loc_length(&value->loc), sl_loc_bytes(&value->loc),
				       noun);
		if (failed == -ENOMEM)
			return failed;
	}
	if (!failed && !out->count)
		failed = sl_diag_error(p->diag, &values->loc,
				       "this set is empty: the rule can never match");
	return failed;
}
