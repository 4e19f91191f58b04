/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "cover.h"
#include "diag.h"
#include "suggest.h"

/* Definitions may double at each step: what one match may come to, and how deep they go. */
#define VALUES_MAX (1U << 20)
#define NESTED_MAX 64

struct reading {
	struct sl_parser *p;
	struct sl_wanted *wanted;
	unsigned int count;
	unsigned int nested;
};

/* "a", or "an" before a vowel. */
static const char *an(const struct sl_vocabulary *words)
{
	return strchr("aeiAEI", words->noun[0]) ? "n" : "";
}

static bool is_tag(const char *word)
{
	return !strcmp(word, "vlan") || !strcmp(word, "qinq") || !strcmp(word, "dot1q");
}

static int unknown_word(struct reading *r, const struct sl_atom *atom)
{
	const struct sl_vocabulary *words = r->wanted->selector->words;
	char hint[SL_SUGGEST_HINT_MAX];

	if (sl_nametab_get(&r->p->set_names, atom->text))
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes a%s %s, did you mean the set '@%s'?",
				     r->wanted->selector->name, an(words), words->noun, atom->text);
	if (!words->count)
		return sl_diag_error(r->p->diag, &atom->loc, "'%s' takes a%s %s, not '%s'",
				     r->wanted->selector->name, an(words), words->noun, atom->text);
	sl_word_hint(words, atom->text, hint);
	if (r->wanted->field == SL_FIELD_ETHERTYPE && is_tag(atom->text))
		return sl_diag_error(
			r->p->diag, &atom->loc,
			"the ethertype is the one after all tags: tagged frames are 'vlan' or 'vlan tags 1-4'");
	if (!*hint && strchr(atom->text, '-'))
		return sl_diag_error(r->p->diag, &atom->loc,
				     "unknown %s '%s' (a range of names has blanks around its '-')",
				     words->noun, atom->text);
	return sl_diag_error(r->p->diag, &atom->loc, "unknown %s '%s'%s", words->noun, atom->text,
			     hint);
}

static int too_large(struct reading *r, const struct sl_atom *atom, sl_u128 max)
{
	const char *name = r->wanted->selector->name;

	if (max > UINT32_MAX)
		return sl_diag_error(r->p->diag, &atom->loc, "'%s' is too large for '%s'",
				     atom->text, name);
	return sl_diag_error(r->p->diag, &atom->loc,
			     "'%s' is too large for '%s': %u is the highest", atom->text, name,
			     (unsigned int)max);
}

/* Bytes of the packet may be written as what they are in it. */
static bool is_shorthand(const struct sl_selector_info *selector, const struct sl_atom *atom)
{
	static const __u8 lengths[] = {
		[SL_ATOM_ADDR4] = 4, [SL_ATOM_ADDR6] = 16, [SL_ATOM_MAC] = 6
	};

	return selector->kind == SL_KIND_RAW && atom->kind < sizeof(lengths) &&
	       lengths[atom->kind] == selector->length;
}

/* A number or a word of a field that is no address. */
static int read_number(struct reading *r, const struct sl_atom *atom, struct sl_interval *out)
{
	const struct sl_selector_info *selector = r->wanted->selector;
	sl_u128 max = sl_selector_max(selector);
	const struct sl_named *word;

	if (is_shorthand(selector, atom)) {
		*out = (struct sl_interval) { atom->number, atom->number };
		return 0;
	}
	switch (atom->kind) {
	case SL_ATOM_NUMBER:
		if (atom->number > max)
			return too_large(r, atom, max);
		*out = (struct sl_interval) { atom->number, atom->number };
		return 0;
	case SL_ATOM_WORD:
		word = sl_word_find(selector->words, atom->text);
		if (!word)
			return unknown_word(r, atom);
		*out = (struct sl_interval) { word->low, word->high };
		return 0;
	case SL_ATOM_ADDR4:
	case SL_ATOM_ADDR6:
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes a%s %s, '%s' is an address", selector->name,
				     an(selector->words), selector->words->noun, atom->text);
	case SL_ATOM_MAC:
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes a%s %s, '%s' is a MAC address", selector->name,
				     an(selector->words), selector->words->noun, atom->text);
	case SL_ATOM_STRING:
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes a%s %s, not a text in quotes", selector->name,
				     an(selector->words), selector->words->noun);
	case SL_ATOM_BAD:
		break;
	}
	return -EINVAL;
}

/* An address of a family that the selector takes. */
static int check_addr(struct reading *r, const struct sl_atom *atom)
{
	const struct sl_selector_info *selector = r->wanted->selector;

	switch (atom->kind) {
	case SL_ATOM_ADDR4:
		if (selector->l3 & SL_L3_BIT(SL_L3_IP4))
			return 0;
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes IPv6 addresses, '%s' is an IPv4 address",
				     selector->name, atom->text);
	case SL_ATOM_ADDR6:
		if (selector->l3 & SL_L3_BIT(SL_L3_IP6))
			return 0;
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes IPv4 addresses, '%s' is an IPv6 address",
				     selector->name, atom->text);
	case SL_ATOM_WORD:
		if (sl_nametab_get(&r->p->set_names, atom->text))
			return sl_diag_error(r->p->diag, &atom->loc,
					     "'%s' takes addresses, did you mean the set '@%s'?",
					     selector->name, atom->text);
		/* fall through */
	case SL_ATOM_NUMBER:
	case SL_ATOM_MAC:
		return sl_diag_error(
			r->p->diag, &atom->loc,
			"'%s' takes addresses, '%s' is none (host names are not looked up)",
			selector->name, atom->text);
	case SL_ATOM_STRING:
		return sl_diag_error(r->p->diag, &atom->loc,
				     "'%s' takes addresses, not a text in quotes", selector->name);
	case SL_ATOM_BAD:
		break;
	}
	return -EINVAL;
}

static unsigned int width_of(const struct sl_atom *addr)
{
	return addr->kind == SL_ATOM_ADDR4 ? 32 : 128;
}

static void addr_text(sl_u128 number, unsigned int width, char text[SL_ADDR_TEXT])
{
	sl_addr_text(width == 32 ? SL_L3_IP4 : SL_L3_IP6, number, text);
}

static int read_prefix(struct reading *r, const struct sl_value *value, struct sl_interval *out)
{
	unsigned int width = width_of(&value->low), free_bits;
	char text[SL_ADDR_TEXT];
	sl_u128 rest;

	if (value->high.number > width)
		return sl_diag_error(r->p->diag, &value->high.loc,
				     "prefix length %s is too long: an IPv%d address has %u bits",
				     value->high.text, width == 32 ? 4 : 6, width);
	free_bits = width - (unsigned int)value->high.number;
	rest = sl_ones(free_bits);
	*out = (struct sl_interval) { value->low.number & ~rest, value->low.number | rest };
	if (value->low.number == out->low)
		return 0;
	addr_text(out->low, width, text);
	return sl_diag_warn(r->p->diag, &value->loc,
			    "'%s/%s' has bits beyond its prefix: read as '%s/%s'", value->low.text,
			    value->high.text, text, value->high.text);
}

static int read_addr(struct reading *r, const struct sl_value *value, struct sl_interval *out)
{
	int err = check_addr(r, &value->low);

	if (err)
		return err;
	*out = (struct sl_interval) { value->low.number, value->low.number };
	if (value->kind == SL_VALUE_PREFIX)
		return read_prefix(r, value, out);
	if (value->kind != SL_VALUE_RANGE)
		return 0;
	err = check_addr(r, &value->high);
	if (err)
		return err;
	if (value->low.kind != value->high.kind)
		return sl_diag_error(r->p->diag, &value->loc,
				     "a range from one address family to the other");
	out->high = value->high.number;
	return 0;
}

/* syn|ack */
static int read_bits(struct reading *r, const struct sl_value *value, struct sl_interval *out)
{
	const struct sl_value *part;
	int failed = 0, err;

	if (r->wanted->selector->kind != SL_KIND_FIELD || !sl_fields[r->wanted->field].bits)
		return sl_diag_error(
			r->p->diag, &value->loc,
			"'|' only joins TCP flags; several values go into braces, as in { 22, 80 }");
	*out = (struct sl_interval) {};
	for (part = value->parts; part; part = part->next) {
		struct sl_interval one = {};

		err = read_number(r, &part->low, &one);
		if (err == -ENOMEM)
			return err;
		if (err)
			failed = err;
		else
			out->low |= one.low;
	}
	out->high = out->low;
	return failed;
}

static int read_plain(struct reading *r, const struct sl_value *value, struct sl_interval *out)
{
	struct sl_interval high = {};
	int err;

	if (value->kind == SL_VALUE_PREFIX)
		return sl_diag_error(r->p->diag, &value->loc,
				     "'%s' takes a%s %s, and '%s/%s' is a prefix of addresses",
				     r->wanted->selector->name, an(r->wanted->selector->words),
				     r->wanted->selector->words->noun, value->low.text,
				     value->high.text);
	if (value->kind == SL_VALUE_OR)
		return read_bits(r, value, out);
	err = read_number(r, &value->low, out);
	if (err || value->kind != SL_VALUE_RANGE)
		return err;
	err = read_number(r, &value->high, &high);
	if (err)
		return err;
	out->high = high.high;
	return 0;
}

static int read_list(struct reading *r, const struct sl_values *values);

static int read_ref(struct reading *r, const struct sl_value *ref)
{
	const struct sl_values *values;
	int err;

	err = sl_define_find(r->p, ref, r->nested > 0, &values);
	if (err)
		return err;
	if (++r->nested > NESTED_MAX)
		err = sl_diag_error(r->p->diag, &ref->loc,
				    "definitions refer to each other more than %d deep",
				    NESTED_MAX);
	else
		err = read_list(r, values);
	r->nested--;
	return err;
}

static int read_simple(struct reading *r, const struct sl_value *value, struct sl_interval *out)
{
	int err;

	if (value->kind == SL_VALUE_SET)
		return sl_diag_error(
			r->p->diag, &value->loc,
			"'@%s' cannot stand among values: a set with a name stands alone",
			value->low.text);
	if (value->kind == SL_VALUE_CONCAT)
		return sl_diag_error(r->p->diag, &value->loc,
				     "'%s' takes one value, not several joined by '.'",
				     r->wanted->selector->name);
	err = sl_selector_is_addr(r->wanted->selector) && value->kind != SL_VALUE_OR
		      ? read_addr(r, value, out)
		      : read_plain(r, value, out);
	if (err)
		return err;
	if (out->low > out->high)
		return sl_diag_error(r->p->diag, &value->loc,
				     "this range runs backwards: '%s' is more than '%s'",
				     value->low.text, value->high.text);
	return 0;
}

static int read_value(struct reading *r, const struct sl_value *value)
{
	struct sl_interval got = {};
	bool six;
	int err;

	if (value->kind == SL_VALUE_REF)
		return read_ref(r, value);
	err = read_simple(r, value, &got);
	if (err)
		return err;
	six = sl_selector_is_addr(r->wanted->selector) && value->low.kind == SL_ATOM_ADDR6;
	return sl_intervals_add(six ? &r->wanted->set6 : &r->wanted->set, got.low, got.high);
}

int sl_value_read(struct sl_parser *p, const struct sl_value *value,
		  const struct sl_selector_info *selector, struct sl_interval *out)
{
	struct sl_wanted wanted = { .selector = selector, .field = selector->field };
	struct reading r = { .p = p, .wanted = &wanted };

	return read_simple(&r, value, out);
}

static int read_list(struct reading *r, const struct sl_values *values)
{
	const struct sl_value *value;
	int failed = 0, err;

	for (value = values->first; value; value = value->next) {
		if (++r->count > VALUES_MAX)
			return -E2BIG;
		err = read_value(r, value);
		if (err == -ENOMEM || err == -E2BIG)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}

int sl_values_read(struct sl_parser *p, const struct sl_values *values, struct sl_wanted *wanted)
{
	struct reading r = { .p = p, .wanted = wanted };
	int err;

	err = read_list(&r, values);
	if (err == -E2BIG)
		return sl_diag_error(p->diag, &values->loc, "more than %u values in one match",
				     VALUES_MAX);
	if (err)
		return err;
	sl_intervals_normalise(&wanted->set);
	sl_intervals_normalise(&wanted->set6);
	return 0;
}

void sl_wanted_clear(struct sl_wanted *wanted)
{
	sl_intervals_clear(&wanted->set);
	sl_intervals_clear(&wanted->set6);
}
