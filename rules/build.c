/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "diag.h"
#include "names.h"
#include "suggest.h"

int sl_parser_note(struct sl_parser *p, int err)
{
	if (err && err != -EINVAL)
		p->err = err;
	return err;
}

const char *sl_ast_text(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *text = sl_pool_text(&p->pool, sl_loc_bytes(loc), sl_loc_length(loc));

	if (!text)
		p->err = -ENOMEM;
	return text;
}

static void *node(struct sl_parser *p, size_t size)
{
	void *memory = sl_pool_alloc(&p->pool, size);

	if (!memory)
		p->err = -ENOMEM;
	return memory;
}

/* Decimal or 0x; 0 in front means nothing. What does not fit is all ones. */
static sl_u128 number(const char *text)
{
	unsigned int base = 10, digit;
	sl_u128 value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	for (; *text; text++) {
		digit = *text <= '9' ? (unsigned int)(*text - '0')
				     : (unsigned int)((*text | 0x20) - 'a' + 10);
		if (value > (~(sl_u128)0 - digit) / base)
			return ~(sl_u128)0;
		value = value * base + digit;
	}
	return value;
}

/* Six pairs of digits with colons between them, which the scanner saw to. */
static sl_u128 mac(const char *text)
{
	sl_u128 value = 0;

	for (; *text; text++) {
		if (*text != ':')
			value = value << 4 |
				(unsigned int)(*text <= '9' ? *text - '0'
							    : (*text | 0x20) - 'a' + 10);
	}
	return value;
}

struct sl_atom *sl_ast_atom(struct sl_parser *p, enum sl_atom_kind kind, const struct sl_loc *loc)
{
	struct sl_atom *atom = node(p, sizeof(*atom));
	struct sl_loc inner = *loc;

	if (!atom)
		return NULL;
	if (kind == SL_ATOM_STRING) {
		inner.begin++;
		inner.end--;
	}
	atom->kind = kind;
	atom->loc = *loc;
	atom->text = sl_ast_text(p, &inner);
	if (!atom->text)
		return NULL;
	if (kind == SL_ATOM_NUMBER)
		atom->number = number(atom->text);
	else if (kind == SL_ATOM_MAC)
		atom->number = mac(atom->text);
	return atom;
}

static sl_u128 big_endian(const unsigned char *bytes, size_t count)
{
	sl_u128 value = 0;

	while (count--)
		value = value << 8 | *bytes++;
	return value;
}

struct sl_atom *sl_ast_addr(struct sl_parser *p, const struct sl_loc *loc)
{
	struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_BAD, loc);
	unsigned char bytes[16];

	if (!atom)
		return NULL;
	if (inet_pton(AF_INET, atom->text, bytes) == 1) {
		atom->kind = SL_ATOM_ADDR4;
		atom->number = big_endian(bytes, 4);
	} else if (inet_pton(AF_INET6, atom->text, bytes) == 1) {
		atom->kind = SL_ATOM_ADDR6;
		atom->number = big_endian(bytes, 16);
	} else {
		sl_parser_note(p,
			       sl_diag_error(p->diag, loc, "'%s' is not an %s address", atom->text,
					     strchr(atom->text, ':') ? "IPv6" : "IPv4"));
	}
	return atom;
}

struct sl_value *sl_ast_value(struct sl_parser *p, enum sl_value_kind kind,
			      const struct sl_atom *low, const struct sl_atom *high,
			      const struct sl_loc *loc)
{
	struct sl_value *value = node(p, sizeof(*value));

	if (!value)
		return NULL;
	value->kind = kind;
	value->loc = *loc;
	if (low)
		value->low = *low;
	if (high)
		value->high = *high;
	return value;
}

struct sl_values *sl_ast_values(struct sl_parser *p, const struct sl_loc *loc)
{
	struct sl_values *values = node(p, sizeof(*values));

	if (values)
		values->loc = *loc;
	return values;
}

void sl_ast_append(struct sl_values *values, struct sl_value *value)
{
	if (values->last)
		values->last->next = value;
	else
		values->first = value;
	values->last = value;
}

int sl_ast_append_atom(struct sl_parser *p, struct sl_values *values, const struct sl_atom *atom)
{
	struct sl_value *value = sl_ast_value(p, SL_VALUE_ATOM, atom, NULL, &atom->loc);

	if (!value)
		return -ENOMEM;
	sl_ast_append(values, value);
	return 0;
}

struct sl_values *sl_ast_atoms(struct sl_parser *p, const struct sl_atom *first,
			       const struct sl_atom *second, const struct sl_loc *loc)
{
	struct sl_values *values = sl_ast_values(p, loc);

	if (!values || sl_ast_append_atom(p, values, first))
		return NULL;
	if (second && sl_ast_append_atom(p, values, second))
		return NULL;
	return values;
}

struct sl_value *sl_ast_joined(struct sl_parser *p, enum sl_value_kind kind,
			       const struct sl_values *values, const struct sl_loc *loc)
{
	struct sl_value *value = sl_ast_value(p, kind, NULL, NULL, loc);

	if (value)
		value->parts = values->first;
	return value;
}

struct sl_part *sl_ast_part(struct sl_parser *p, enum sl_part_kind kind, enum sl_selector selector,
			    const struct sl_loc *head)
{
	struct sl_part *part = node(p, sizeof(*part));

	if (!part)
		return NULL;
	part->kind = kind;
	part->selector = selector;
	part->head = *head;
	return part;
}

struct sl_ast_rule *sl_ast_rule(struct sl_parser *p, struct sl_part *part)
{
	struct sl_ast_rule *rule = node(p, sizeof(*rule));

	if (rule)
		rule->parts = rule->last_part = part;
	return rule;
}

const char *sl_ast_where(const struct sl_loc *first, const struct sl_loc *loc,
			 char text[SL_WHERE_TEXT])
{
	unsigned int line, column;

	sl_source_position(first, &line, &column);
	if (first->source == loc->source)
		snprintf(text, SL_WHERE_TEXT, "in line %u", line);
	else
		snprintf(text, SL_WHERE_TEXT, "at %s:%u", first->source->name, line);
	return text;
}

void sl_ast_define(struct sl_parser *p, const struct sl_loc *name, struct sl_values *values)
{
	struct sl_ast_define *define = node(p, sizeof(*define)), *first;
	char place[SL_WHERE_TEXT];

	if (!define)
		return;
	define->name = sl_ast_text(p, name);
	define->values = values;
	define->loc = *name;
	if (!define->name)
		return;
	first = sl_nametab_get(&p->define_names, define->name);
	if (first) {
		sl_parser_note(p,
			       sl_diag_error(p->diag, name, "'%s' is already defined %s",
					     define->name, sl_ast_where(&first->loc, name, place)));
		return;
	}
	if (p->last_define)
		p->last_define->next = define;
	else
		p->defines = define;
	p->last_define = define;
	sl_parser_note(p, sl_nametab_put(&p->define_names, define->name, define));
}

void sl_ast_on(struct sl_parser *p, const struct sl_loc *word, enum sl_verdict verdict)
{
	struct sl_ast_on *on = node(p, sizeof(*on));

	if (!on)
		return;
	on->word = sl_ast_text(p, word);
	on->verdict = verdict;
	on->loc = *word;
	if (p->last_on)
		p->last_on->next = on;
	else
		p->ons = on;
	p->last_on = on;
}

void sl_ast_geoip(struct sl_parser *p, const struct sl_loc *string)
{
	struct sl_loc inner = { string->source, string->begin + 1, string->end - 1 };
	const char *name = sl_ast_text(p, &inner);
	char place[SL_WHERE_TEXT];

	if (!name)
		return;
	if (p->geoip_loc.source) {
		sl_parser_note(p, sl_diag_error(p->diag, string, "'geoip' is already given %s",
						sl_ast_where(&p->geoip_loc, string, place)));
		return;
	}
	p->geoip_loc = *string;
	if (!*name || strlen(name) < sl_loc_length(&inner))
		sl_parser_note(p, sl_diag_error(p->diag, string, "this names no file"));
	else
		p->geoip = sl_include_path(p, name, string);
}

struct sl_ast_chain *sl_ast_chain(struct sl_parser *p, const struct sl_loc *name,
				  const struct sl_loc *loc)
{
	const char *word = sl_ast_text(p, name);
	char hint[SL_SUGGEST_HINT_MAX], place[SL_WHERE_TEXT];
	struct sl_suggest suggest;
	int dir;

	if (!word)
		return NULL;
	suggest = sl_suggest_for(word);
	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		struct sl_ast_chain *chain = &p->chain[dir];

		sl_suggest_offer(&suggest, sl_dir_names[dir]);
		if (strcmp(word, sl_dir_names[dir]) != 0)
			continue;
		if (!chain->loc.source) {
			chain->loc = *loc;
			return chain;
		}
		sl_parser_note(p, sl_diag_error(p->diag, loc, "chain '%s' is already given %s",
						word, sl_ast_where(&chain->loc, loc, place)));
		p->stray = (struct sl_ast_chain) {};
		return &p->stray;
	}
	sl_parser_note(p, sl_diag_error(p->diag, name, "unknown chain '%s'%s", word,
					suggest.best ? sl_suggest_hint(&suggest, hint)
						     : ": there are 'ingress' and 'egress'"));
	p->stray = (struct sl_ast_chain) {};
	return &p->stray;
}

void sl_ast_add_rule(struct sl_parser *p, struct sl_ast_rule *rule)
{
	struct sl_ast_chain *chain = p->chain_now;

	if (chain->last_rule)
		chain->last_rule->next = rule;
	else
		chain->rules = rule;
	chain->last_rule = rule;
}

void sl_ast_policy(struct sl_parser *p, enum sl_verdict verdict, const struct sl_loc *loc)
{
	struct sl_ast_chain *chain = p->chain_now;
	char place[SL_WHERE_TEXT];

	if (chain->policy_loc.source) {
		sl_parser_note(p,
			       sl_diag_error(p->diag, loc, "the chain's policy is already given %s",
					     sl_ast_where(&chain->policy_loc, loc, place)));
		return;
	}
	chain->policy = verdict;
	chain->policy_loc = *loc;
}
