/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <errno.h>
#include <string.h>

#include "diag.h"

#define PLACE_OFFSET_MAX 65535
#define PLACE_LENGTH_MAX 16

static const char *const base_names[SL_BASE_MAX_] = {
#define X(name, word) word,
	SL_BASES(X)
#undef X
};

static enum sl_base base_of(const struct sl_loc *loc)
{
	int base = 0;

	/* The grammar lets no other word through. */
	while (strncmp(base_names[base], sl_loc_bytes(loc), sl_loc_length(loc)) != 0)
		base++;
	return (enum sl_base)base;
}

struct sl_part *sl_ast_place(struct sl_parser *p, const struct sl_loc *base,
			     const struct sl_loc *offset, const struct sl_loc *length)
{
	struct sl_loc number = { offset->source, offset->begin + 1, offset->end };
	struct sl_loc all = { base->source, base->begin, length->end };
	const struct sl_atom *from = sl_ast_atom(p, SL_ATOM_NUMBER, &number);
	const struct sl_atom *bytes = sl_ast_atom(p, SL_ATOM_NUMBER, length);
	struct sl_part *part = sl_ast_part(p, SL_AST_RAW, SL_SEL_MAX_, &all);

	if (!part || !from || !bytes)
		return NULL;
	part->place.base = base_of(base);
	if (from->number > PLACE_OFFSET_MAX)
		sl_parser_note(p, sl_diag_error(p->diag, &number,
						"offset %s is beyond any packet: %d is the highest",
						from->text, PLACE_OFFSET_MAX));
	else if (!bytes->number || bytes->number > PLACE_LENGTH_MAX)
		sl_parser_note(p, sl_diag_error(p->diag, length,
						"1 to %d bytes can be looked at, not %s",
						PLACE_LENGTH_MAX, bytes->text));
	else
		part->place = (struct sl_ast_place) { part->place.base, (__u16)from->number,
						      (__u8)bytes->number };
	return part;
}

int sl_ast_selector(struct sl_parser *p, struct sl_part *selectors, enum sl_selector selector,
		    const struct sl_loc *loc)
{
	struct sl_part *one = sl_ast_part(p, SL_AST_MATCH, selector, loc), *last = selectors;

	if (!one)
		return -ENOMEM;
	while (last->next)
		last = last->next;
	last->next = one;
	return 0;
}

struct sl_part *sl_ast_match(struct sl_parser *p, struct sl_part *selectors,
			     const struct sl_loc *head)
{
	struct sl_part *part;

	if (!selectors->next)
		return selectors;
	part = sl_ast_part(p, SL_AST_CONCAT, SL_SEL_MAX_, head);
	if (part)
		part->selectors = selectors;
	return part;
}

struct sl_part *sl_ast_exthdr(struct sl_parser *p, const struct sl_loc *head,
			      const struct sl_loc *name, const struct sl_loc *state)
{
	static const char *const states[] = { "exists", "missing" };
	struct sl_part *part = sl_ast_part(p, SL_AST_MATCH, SL_SEL_EXTHDR, head);
	const char *word = sl_ast_text(p, state);
	struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_WORD, name);

	if (!part || !word || !atom)
		return NULL;
	part->values = sl_ast_atoms(p, atom, NULL, name);
	if (!part->values)
		return NULL;
	part->op = !strcmp(word, states[0]) ? SL_CMP_NONE : SL_CMP_NE;
	if (part->op == SL_CMP_NE && strcmp(word, states[1]) != 0) {
		part->bad = true;
		sl_parser_note(p, sl_unknown_word(p, state, "state", word, states, 2));
	}
	return part;
}
