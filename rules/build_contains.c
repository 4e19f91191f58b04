/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include "diag.h"

#define PLACE_MAX 65535 /* of a payload */

struct sl_part *sl_ast_contains(struct sl_parser *p, enum sl_compare op, struct sl_values *values,
				const struct sl_loc *head)
{
	struct sl_part *part = sl_ast_part(p, SL_AST_CONTAINS, SL_SEL_MAX_, head);

	p->contains_now = part;
	if (part) {
		part->op = op;
		part->values = values;
	}
	return part;
}

static void is_twice(struct sl_parser *p, const struct sl_loc *loc, const char *option)
{
	p->contains_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, loc, "'%s' is already given", option));
}

void sl_ast_contains_nocase(struct sl_parser *p)
{
	p->contains_now->contains.nocase = true;
}

/* A place in a payload, or how far one is from another. */
static __u16 place_of(struct sl_parser *p, const struct sl_loc *loc)
{
	const struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, loc);

	if (!atom)
		return 0;
	if (atom->number <= PLACE_MAX)
		return (__u16)atom->number;
	p->contains_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, loc, "%s is beyond any payload: %d is the highest",
					atom->text, PLACE_MAX));
	return 0;
}

void sl_ast_contains_offset(struct sl_parser *p, const struct sl_loc *number)
{
	struct sl_ast_contains *contains = &p->contains_now->contains;

	if (contains->offset_said) {
		is_twice(p, number, "offset");
		return;
	}
	contains->offset_said = true;
	contains->offset = place_of(p, number);
}

void sl_ast_contains_depth(struct sl_parser *p, const struct sl_loc *number)
{
	struct sl_ast_contains *contains = &p->contains_now->contains;

	if (contains->depth) {
		is_twice(p, number, "depth");
		return;
	}
	contains->depth = place_of(p, number);
	if (contains->depth || p->contains_now->bad)
		return;
	p->contains_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, number,
					"a depth of 0 is no byte: the rule can never match"));
}
