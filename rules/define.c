/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stddef.h>

#include "diag.h"
#include "suggest.h"

static int undefined(struct sl_parser *p, const struct sl_value *ref)
{
	struct sl_suggest suggest = sl_suggest_for(ref->low.text);
	char hint[SL_SUGGEST_HINT_MAX];
	const struct sl_ast_define *define;

	for (define = p->defines; define; define = define->next)
		sl_suggest_offer(&suggest, define->name);
	if (suggest.best)
		return sl_diag_error(p->diag, &ref->loc, "'$%s' is not defined%s", ref->low.text,
				     sl_suggest_hint(&suggest, hint));
	return sl_diag_error(p->diag, &ref->loc, "'$%s' is not defined", ref->low.text);
}

int sl_define_find(struct sl_parser *p, const struct sl_value *ref, bool inside,
		   const struct sl_values **out)
{
	struct sl_ast_define *define = sl_nametab_get(&p->define_names, ref->low.text);

	if (!define)
		return inside ? -EINVAL : undefined(p, ref);
	define->used = true;
	if (define->state != SL_DEFINE_FINE)
		return -EINVAL;
	*out = define->values;
	return 0;
}

/*
 * Depth first without recursion, for chains of definitions may be long: the stack is threaded
 * through the definitions themselves, cursor is where each one is being read.
 */
static int visit(struct sl_parser *p, struct sl_ast_define *top)
{
	struct sl_ast_define *next;
	int failed = 0;

	top->state = SL_DEFINE_OPEN;
	top->cursor = top->values->first;
	while (top) {
		const struct sl_value *value = top->cursor;

		if (!value) {
			if (top->state == SL_DEFINE_OPEN)
				top->state = SL_DEFINE_FINE;
			top = top->above;
			continue;
		}
		top->cursor = value->next;
		if (value->kind != SL_VALUE_REF)
			continue;
		next = sl_nametab_get(&p->define_names, value->low.text);
		if (!next) {
			failed = undefined(p, value);
		} else if (next->state == SL_DEFINE_OPEN) {
			next->state = SL_DEFINE_CYCLIC;
			failed = sl_diag_error(
				p->diag, &value->loc,
				next == top ? "'%s' is defined by itself"
					    : "'%s' is defined by itself, through others",
				next->name);
		} else if (next->state == SL_DEFINE_NEW) {
			next->state = SL_DEFINE_OPEN;
			next->cursor = next->values->first;
			next->above = top;
			top = next;
		}
		if (failed == -ENOMEM)
			return failed;
	}
	return failed;
}

int sl_define_check(struct sl_parser *p)
{
	struct sl_ast_define *define;
	int failed = 0, err;

	for (define = p->defines; define; define = define->next) {
		if (define->state != SL_DEFINE_NEW)
			continue;
		err = visit(p, define);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}
