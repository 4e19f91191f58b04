/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "diag.h"
#include "suggest.h"

#define SET_SIZE_MAX	(1U << 26)
#define SET_TIMEOUT_MAX (400ULL * 86400)

struct sl_ast_set *sl_ast_set(struct sl_parser *p, const struct sl_loc *name)
{
	struct sl_ast_set *set = sl_pool_alloc(&p->pool, sizeof(*set));
	const struct sl_ast_set *first;
	char place[SL_WHERE_TEXT];

	if (!set)
		return NULL;
	set->name = sl_ast_text(p, name);
	set->loc = *name;
	if (!set->name)
		return NULL;
	p->set_now = set;
	first = sl_nametab_get(&p->set_names, set->name);
	if (first) {
		/* In error it is left out, but its settings are still looked at. */
		sl_parser_note(p, sl_diag_error(p->diag, name, "set '%s' is already given %s",
						set->name, sl_ast_where(&first->loc, name, place)));
		return set;
	}
	if (p->last_set)
		p->last_set->next = set;
	else
		p->sets = set;
	p->last_set = set;
	sl_parser_note(p, sl_nametab_put(&p->set_names, set->name, set));
	return set;
}

/* Says so when a setting was given before. */
static bool is_twice(struct sl_parser *p, struct sl_loc *before, const struct sl_loc *loc,
		     const char *what)
{
	bool twice = before->source;

	*before = *loc;
	if (twice)
		sl_parser_note(
			p, sl_diag_error(p->diag, loc, "'%s' is given twice for this set", what));
	return twice;
}

void sl_ast_set_type_begin(struct sl_parser *p, const struct sl_loc *loc)
{
	if (is_twice(p, &p->set_now->type_loc, loc, "type"))
		p->set_now->nparts = 0;
}

/* What nft calls them. */
static const struct {
	const char *name;
	const char *ours;
} others[] = {
	{ "ipv4_addr", "addr" },  { "ipv6_addr", "addr" },   { "inet_service", "port" },
	{ "ether_addr", "mac" },  { "inet_proto", "proto" }, { "ip", "addr" },
	{ "ip6", "addr" },	  { "net", "prefix" },	     { "name", "domain" },
	{ "hostname", "domain" },
};

static int unknown_type(struct sl_parser *p, const struct sl_loc *loc, const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (!strcmp(word, others[i].name))
			return sl_diag_error(p->diag, loc, "unknown type '%s', did you mean '%s'?",
					     word, others[i].ours);
	}
	return sl_unknown_word(p, loc, "type", word, sl_set_type_names, SL_TYPE_MAX_);
}

void sl_ast_set_type(struct sl_parser *p, const struct sl_loc *loc)
{
	struct sl_ast_set *set = p->set_now;
	const char *word = sl_ast_text(p, loc);
	int i;

	if (!word)
		return;
	for (i = 0; i < SL_TYPE_MAX_ && strcmp(word, sl_set_type_names[i]) != 0; i++)
		;
	if (i == SL_TYPE_MAX_) {
		set->bad = true;
		sl_parser_note(p, unknown_type(p, loc, word));
	} else if (set->nparts == SL_SET_PARTS) {
		set->bad = true;
		sl_parser_note(p, sl_diag_error(p->diag, loc, "an element has at most %d parts",
						SL_SET_PARTS));
	} else {
		set->type[set->nparts++] = (enum sl_set_type)i;
	}
}

void sl_ast_set_size(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *text = sl_ast_text(p, loc);
	__u64 number = 0;
	int err = 0;

	if (!text || is_twice(p, &p->set_now->size_loc, loc, "size"))
		return;
	if (!sl_quantity_size(text, &number))
		err = sl_diag_error(p->diag, loc,
				    "'%s' is no size: it is a number, or one with k or M behind it",
				    text);
	else if (!number)
		err = sl_diag_error(p->diag, loc, "a set of size 0 holds nothing");
	else if (number > SET_SIZE_MAX)
		err = sl_diag_error(p->diag, loc, "size '%s' is too large: %uM is the highest",
				    text, SET_SIZE_MAX >> 20);
	else
		p->set_now->size = (__u32)number;
	sl_parser_note(p, err);
}

void sl_ast_set_timeout(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *text = sl_ast_text(p, loc);
	__u64 seconds = 0;
	int err = 0;

	if (!text || is_twice(p, &p->set_now->timeout_loc, loc, "timeout"))
		return;
	if (!sl_quantity_time(text, &seconds))
		err = sl_diag_error(p->diag, loc,
				    "'%s' is no time: write it as 30s, 10m, 1h30m or 7d", text);
	if (!err && (!seconds || seconds > SET_TIMEOUT_MAX))
		err = sl_diag_error(p->diag, loc, "a timeout is between 1s and 400d, not '%s'",
				    text);
	if (!err)
		p->set_now->timeout_s = (__u32)seconds;
	sl_parser_note(p, err);
}

void sl_ast_set_file(struct sl_parser *p, const struct sl_loc *string)
{
	struct sl_ast_set *set = p->set_now;
	struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_STRING, string);

	if (!atom)
		return;
	if (!*atom->text || strlen(atom->text) + 2 < sl_loc_length(string)) {
		sl_parser_note(p, sl_diag_error(p->diag, string, "this names no file"));
		return;
	}
	atom->text = sl_include_path(p, atom->text, string);
	if (!atom->text)
		return;
	if (!set->files)
		set->files = sl_ast_values(p, string);
	if (!set->files || sl_ast_append_atom(p, set->files, atom))
		p->err = -ENOMEM;
}

/* Given more than once, they add up. */
void sl_ast_set_elements(struct sl_parser *p, struct sl_values *values)
{
	struct sl_ast_set *set = p->set_now;

	if (!set->elements) {
		set->elements = values;
		return;
	}
	if (!values->first)
		return;
	if (set->elements->last)
		set->elements->last->next = values->first;
	else
		set->elements->first = values->first;
	set->elements->last = values->last;
}
