/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <errno.h>
#include <string.h>

#include "diag.h"
#include "names.h"

static const char *const words[] = { "state", "to", "age", "packets", "bytes" };

#define NWORDS ((int)(sizeof(words) / sizeof(*words)))

_Static_assert(SL_SEL_FLOW_BYTES - SL_SEL_FLOW_STATE + 1 == sizeof(words) / sizeof(*words),
	       "in the order of the selectors");

static int find(const char *word, const char *const *among, int count)
{
	int i = 0;

	while (i < count && strcmp(word, among[i]) != 0)
		i++;
	return i;
}

void sl_ast_flow(struct sl_parser *p, struct sl_part *part, const struct sl_loc *loc)
{
	const char *word = sl_ast_text(p, loc);
	int i;

	if (!word)
		return;
	i = find(word, words, NWORDS);
	if (i < NWORDS) {
		part->selector = (enum sl_selector)(SL_SEL_FLOW_STATE + i);
		return;
	}
	part->bad = true;
	sl_parser_note(p, sl_unknown_word(p, loc, "match on a flow", word, words, NWORDS));
}

int sl_ast_flow_amount(struct sl_parser *p, struct sl_part *part, const struct sl_loc *loc)
{
	struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, loc);
	bool is_age = part->selector == SL_SEL_FLOW_AGE;
	__u64 number = 0;

	if (!atom)
		return -ENOMEM;
	if (part->selector == SL_SEL_FLOW_STATE || part->selector == SL_SEL_FLOW_TO) {
		/* An unknown word has been complained about. */
		atom->kind = part->bad ? SL_ATOM_BAD : SL_ATOM_WORD;
	} else if (is_age ? sl_quantity_time(atom->text, &number)
			  : sl_quantity_size(atom->text, &number)) {
		atom->number = number;
	} else {
		atom->kind = SL_ATOM_BAD;
		part->bad = true;
		sl_parser_note(
			p,
			is_age ? sl_diag_error(p->diag, loc,
					       "'%s' is no time: write it as 30s, 10m, 1h30m or 7d",
					       atom->text)
			       : sl_diag_error(
					 p->diag, loc,
					 "'%s' is no size: it is a number, or one with k or M behind it",
					 atom->text));
	}
	part->values = sl_ast_atoms(p, atom, NULL, loc);
	return part->values ? 0 : -ENOMEM;
}

void sl_ast_flows(struct sl_parser *p, const struct sl_loc *loc)
{
	char place[SL_WHERE_TEXT];

	if (p->flows_loc.source)
		sl_parser_note(p, sl_diag_error(p->diag, loc, "'flows' is already given %s",
						sl_ast_where(&p->flows_loc, loc, place)));
	p->flows_loc = *loc;
}

/* A power of two in places, written to *to once. */
static int flows_places(struct sl_parser *p, const struct sl_loc *loc, const char *what,
			const char *text, __u32 least, __u32 most, __u32 *to)
{
	__u64 size = 0;

	if (*to)
		return sl_diag_error(p->diag, loc, "the %s is already given",
				     to == &p->flows.size ? "size" : "number of streams");
	if (!sl_quantity_size(text, &size))
		return sl_diag_error(
			p->diag, loc,
			"'%s' is no size: it is a number, or one with k or M behind it", text);
	if (size < least || size > most || (size & (size - 1)))
		return sl_diag_error(p->diag, loc,
				     "%s a power of two of places, %u to %u, not '%s'", what, least,
				     most, text);
	*to = (__u32)size;
	return 0;
}

void sl_ast_flows_size(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *text = sl_ast_text(p, loc);

	if (text)
		sl_parser_note(p, flows_places(p, loc, "the flow table has", text, SL_FLOW_SIZE_MIN,
					       SL_FLOW_SIZE_MAX, &p->flows.size));
}

void sl_ast_flows_streams(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *text = sl_ast_text(p, loc);

	if (text)
		sl_parser_note(p, flows_places(p, loc, "messages have", text, SL_STREAMS_MIN,
					       SL_STREAMS_MAX, &p->flows.streams));
}

/* [0] is a place that is free. */
void sl_ast_flows_timeout(struct sl_parser *p, const struct sl_loc *loc, const struct sl_loc *time)
{
	const char *word = sl_ast_text(p, loc), *text = sl_ast_text(p, time);
	__u64 seconds = 0;
	int i, err = 0;

	if (!word || !text)
		return;
	i = 1 + find(word, sl_flow_class_names + 1, SL_FLOW_CLASS_MAX_ - 1);
	if (i == SL_FLOW_CLASS_MAX_)
		err = sl_unknown_word(p, loc, "kind of flow", word, sl_flow_class_names + 1,
				      SL_FLOW_CLASS_MAX_ - 1);
	else if (p->flows.timeout_s[i])
		err = sl_diag_error(p->diag, loc, "the timeout of '%s' is already given", word);
	else if (!sl_quantity_time(text, &seconds))
		err = sl_diag_error(p->diag, time,
				    "'%s' is no time: write it as 30s, 10m, 1h30m or 7d", text);
	else if (!seconds || seconds > (__u64)SL_FLOW_TIMEOUT_MAX)
		err = sl_diag_error(p->diag, time,
				    "a flow's timeout is between 1s and 7d, not '%s'", text);
	else
		p->flows.timeout_s[i] = (__u32)seconds;
	sl_parser_note(p, err);
}
