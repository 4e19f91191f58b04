/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>

#include "cleanup.h"
#include "diag.h"

#define ICMP  1
#define TCP   6
#define UDP   17
#define ICMP6 58

static const char *const ops[] = {
	[SL_CMP_NONE] = "", [SL_CMP_EQ] = "==", [SL_CMP_NE] = "!=", [SL_CMP_LT] = "<",
	[SL_CMP_GT] = ">",  [SL_CMP_LE] = "<=", [SL_CMP_GE] = ">=",
};

static bool is_addr(const struct sl_wanted *wanted)
{
	return sl_selector_is_addr(wanted->selector);
}

/* Its bits are flags. */
static bool is_bits(const struct sl_wanted *wanted)
{
	return wanted->selector->kind == SL_KIND_FIELD && sl_fields[wanted->field].bits;
}

/* The set becomes low to high alone. */
static int set_only(struct sl_intervals *set, sl_u128 low, sl_u128 high)
{
	set->count = 0;
	return sl_intervals_add(set, low, high);
}

/* `< N` and its like. */
static int compare(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	struct sl_intervals *set = &wanted->set;
	sl_u128 max = sl_selector_max(wanted->selector), number;

	if (is_addr(wanted) || is_bits(wanted) || part->values->braces || set->count != 1 ||
	    set->v[0].low != set->v[0].high)
		return sl_diag_error(n->p->diag, &part->values->loc,
				     "'%s' compares with a single number", ops[part->op]);
	number = set->v[0].low;
	if ((part->op == SL_CMP_LT && number == 0) || (part->op == SL_CMP_GT && number == max))
		return sl_diag_error(n->p->diag, &part->loc,
				     "no packet satisfies this: the rule can never match");
	switch (part->op) {
	case SL_CMP_LT:
		return set_only(set, 0, number - 1);
	case SL_CMP_LE:
		return set_only(set, 0, number);
	case SL_CMP_GT:
		return set_only(set, number + 1, max);
	default:
		return set_only(set, number, max);
	}
}

/* Addresses that are not in the set are those of the other family, too, if it was asked for. */
static int negate(struct sl_wanted *wanted)
{
	__u8 l3 = wanted->selector->l3;

	if (!is_addr(wanted))
		return sl_intervals_complement(&wanted->set, sl_selector_max(wanted->selector));
	if ((l3 & SL_L3_BIT(SL_L3_IP4)) &&
	    sl_intervals_complement(&wanted->set, sl_field_max(SL_FIELD_SADDR4)))
		return -ENOMEM;
	if ((l3 & SL_L3_BIT(SL_L3_IP6)) &&
	    sl_intervals_complement(&wanted->set6, sl_field_max(SL_FIELD_SADDR6)))
		return -ENOMEM;
	return 0;
}

/* Flags: all numbers with number & mask == value, or the others. */
static int set_masked(struct sl_intervals *set, unsigned int mask, unsigned int value, bool equal)
{
	unsigned int i;

	set->count = 0;
	for (i = 0; i < 256; i++) {
		if (((i & mask) == value) == equal && sl_intervals_add(set, i, i))
			return -ENOMEM;
	}
	sl_intervals_normalise(set);
	return 0;
}

/* All flags that the values name. */
static int read_flags(struct sl_narrow *n, enum sl_selector selector,
		      const struct sl_values *values, unsigned int *out)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted wanted = {
		.selector = &sl_selectors[selector],
		.field = sl_selectors[selector].field,
	};
	unsigned int i;
	int err;

	err = sl_values_read(n->p, values, &wanted);
	if (err)
		return err;
	*out = 0;
	for (i = 0; i < 256; i++)
		*out |= sl_intervals_have(&wanted.set, i) ? i : 0;
	return 0;
}

static int read_mask(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	unsigned int mask, value;
	int err;

	err = read_flags(n, part->selector, part->mask, &mask);
	if (!err)
		err = read_flags(n, part->selector, part->values, &value);
	if (err)
		return err;
	if (part->op > SL_CMP_NE)
		return sl_diag_error(n->p->diag, &part->loc,
				     "flags compare with '==' or '!=' only");
	if (value & ~mask)
		return sl_diag_error(
			n->p->diag, &part->loc,
			"the mask leaves out a flag that is compared with: the outcome is always the same");
	return set_masked(&wanted->set, mask, value, part->op != SL_CMP_NE);
}

/* As in nft, `tcp flags syn` and `syn,ack` ask for any of them; with == or in braces, for just
 * them. */
static int any_flag(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	unsigned int flags;
	int err;

	err = read_flags(n, part->selector, part->values, &flags);
	if (err || !flags)
		return err;
	return set_masked(&wanted->set, flags, 0, part->op == SL_CMP_NE);
}

static bool is_plain_flags(const struct sl_part *part)
{
	const struct sl_value *first = part->values->first;

	/* `missing` is the opposite of `exists`, and not of the header being the only one. */
	if (part->selector == SL_SEL_EXTHDR)
		return true;
	return part->op == SL_CMP_NONE && !part->values->braces && first &&
	       first->kind != SL_VALUE_RANGE && first->kind != SL_VALUE_REF;
}

static int read_values(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	int err;

	if (part->kind == SL_AST_MASK)
		return read_mask(n, part, wanted);
	err = sl_values_read(n->p, part->values, wanted);
	if (err)
		return err;
	if (!wanted->set.count && !wanted->set6.count)
		return sl_diag_error(n->p->diag, &part->values->loc,
				     "this set is empty: the rule can never match");
	if (is_bits(wanted) && is_plain_flags(part))
		return any_flag(n, part, wanted);
	if (part->op == SL_CMP_NE)
		return negate(wanted);
	return part->op > SL_CMP_NE ? compare(n, part, wanted) : 0;
}

/* `tcp`, `ip`, `vlan`: what the word alone stands for. */
static int read_bare(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	const char *name = sl_ast_text(n->p, &part->head);
	const struct sl_named *word;
	int err;

	if (!name)
		return -ENOMEM;
	if (part->selector == SL_SEL_VLAN_TAGS) {
		err = sl_intervals_add(&wanted->set, *name == 'v' ? 1 : 2,
				       sl_field_max(SL_FIELD_TAGS));
	} else {
		word = sl_word_find(wanted->selector->words, name);
		err = word ? sl_intervals_add(&wanted->set, word->low, word->high) : -EINVAL;
	}
	if (!err && part->op == SL_CMP_NE)
		err = negate(wanted);
	return err;
}

int sl_matches_imply(struct sl_narrow *n, const struct sl_selector_info *selector,
		     const struct sl_part *part)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals set = {};
	unsigned int i;
	int err;

	err = sl_narrow_l3(n, selector->l3 ? selector->l3 : sl_fields[selector->field].l3, part);
	if (err)
		return err;
	if (selector->header)
		n->header_by = part;
	if (selector->tags) {
		err = sl_intervals_add(&set, selector->tags, sl_field_max(SL_FIELD_TAGS));
		return err ? err : sl_narrow_field(n, SL_FIELD_TAGS, &set, part);
	}
	for (i = 0; i < 3 && selector->protos[i]; i++) {
		if (sl_intervals_add(&set, selector->protos[i], selector->protos[i]))
			return -ENOMEM;
	}
	return set.count ? sl_narrow_field(n, SL_FIELD_PROTO, &set, part) : 0;
}

/* `code` alone goes with the ICMP that was named before. */
static int find_code(struct sl_narrow *n, const struct sl_part *part, enum sl_selector *out)
{
	const struct sl_intervals *proto = &n->set[SL_FIELD_PROTO];

	if (sl_intervals_are(proto, ICMP, ICMP) && n->set[SL_FIELD_TYPE].count)
		*out = SL_SEL_ICMP_CODE;
	else if (sl_intervals_are(proto, ICMP6, ICMP6) && n->set[SL_FIELD_TYPE].count)
		*out = SL_SEL_ICMP6_CODE;
	else
		return sl_diag_error(n->p->diag, &part->loc,
				     "'code' stands after 'icmp type' or 'icmpv6 type'");
	return 0;
}

/* The mask of raw bytes: one number. */
static int read_raw_mask(struct sl_narrow *n, const struct sl_part *part,
			 const struct sl_wanted *wanted, sl_u128 *out)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted mask = { .selector = wanted->selector };
	const struct sl_intervals *set = &wanted->set;
	int err;

	*out = sl_selector_max(wanted->selector);
	if (!part->mask)
		return 0;
	err = sl_values_read(n->p, part->mask, &mask);
	if (err)
		return err;
	if (mask.set.count != 1 || mask.set.v[0].low != mask.set.v[0].high || !mask.set.v[0].low)
		return sl_diag_error(n->p->diag, &part->mask->loc,
				     "a mask is one number, and not 0");
	*out = mask.set.v[0].low;
	if (set->count == 1 && set->v[0].low == set->v[0].high && set->v[0].low & ~*out)
		return sl_diag_error(
			n->p->diag, &part->loc,
			"the mask leaves out bits that are compared with: the rule can never match");
	return 0;
}

static int narrow_raw(struct sl_narrow *n, const struct sl_part *part,
		      const struct sl_wanted *wanted)
{
	const struct sl_selector_info *selector = wanted->selector;
	struct sl_cond_raw cond = {
		.base = selector->base,
		.offset = selector->offset,
		.length = selector->length,
		.set = wanted->set,
	};
	int err;

	err = read_raw_mask(n, part, wanted, &cond.mask);
	return err ? err : sl_narrow_raw(n, &cond, part);
}

static int narrow_length(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	const struct sl_selector_info *selector = wanted->selector;
	size_t i;

	for (i = 0; i < wanted->set.count; i++) {
		wanted->set.v[i].low += selector->extra;
		wanted->set.v[i].high += selector->extra;
	}
	return sl_narrow_length(n, selector->of, &wanted->set, part);
}

static int narrow_wanted(struct sl_narrow *n, const struct sl_part *part, struct sl_wanted *wanted)
{
	int err;

	err = part->kind == SL_AST_BARE ? read_bare(n, part, wanted) : read_values(n, part, wanted);
	if (!err)
		err = sl_matches_imply(n, wanted->selector, part);
	if (err)
		return err;
	switch (wanted->selector->kind) {
	case SL_KIND_RAW:
		return narrow_raw(n, part, wanted);
	case SL_KIND_LENGTH:
		return narrow_length(n, part, wanted);
	case SL_KIND_MSS:
		return sl_narrow_mss(n, &wanted->set, part);
	default:
		return is_addr(wanted) ? sl_narrow_addr(n, wanted, part)
				       : sl_narrow_field(n, wanted->field, &wanted->set, part);
	}
}

static int narrow_selector(struct sl_narrow *n, const struct sl_part *part)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted wanted = {};
	enum sl_selector selector = part->selector;
	int err = 0;

	if (selector == SL_SEL_CODE)
		err = find_code(n, part, &selector);
	if (err)
		return err;
	wanted.selector = &sl_selectors[selector];
	wanted.field = wanted.selector->field;
	return narrow_wanted(n, part, &wanted);
}

/* BASE @offset,length: a selector of its own. */
static int narrow_place(struct sl_narrow *n, const struct sl_part *part)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted wanted = {};
	bool deep = part->place.base == SL_BASE_TRANSPORT || part->place.base == SL_BASE_PAYLOAD;
	struct sl_selector_info info = {
		.name = sl_ast_text(n->p, &part->head),
		.field = SL_FIELD_MAX_,
		.words = &sl_words_none,
		.l3 = deep ? SL_L3_IPS : SL_L3_ALL,
		.kind = SL_KIND_RAW,
		.base = part->place.base,
		.offset = part->place.offset,
		.length = part->place.length,
	};

	if (!info.name)
		return -ENOMEM;
	if (!info.length)
		return -EINVAL;
	wanted.selector = &info;
	wanted.field = info.field;
	return narrow_wanted(n, part, &wanted);
}

/* A reply is one to a query of DNS over UDP, and what it says, but for refusing, to opcode `query`. */
static int narrow_reply(struct sl_narrow *n, const struct sl_part *part)
{
	struct sl_interval udp = { UDP, UDP }, zero = {};
	const struct sl_intervals set = { .v = &udp, .count = 1 };
	const struct sl_intervals query = { .v = &zero, .count = 1 };
	int err;

	err = sl_narrow_field(n, SL_FIELD_PROTO, &set, part);
	if (!err)
		err = sl_narrow_length(n, SL_NUMBER_DNS, &query, part);
	if (!err && part->arg != SL_REJECT_REFUSED)
		err = sl_narrow_length(n, SL_NUMBER_DNS_OPCODE, &query, part);
	n->header_by = part;
	return err;
}

/* What a rejection answers with may only fit some packets. */
static int narrow_verdict(struct sl_narrow *n, const struct sl_part *part)
{
	struct sl_interval tcp = { TCP, TCP };
	const struct sl_intervals set = { .v = &tcp, .count = 1 };
	int err;

	if (part->verdict != SL_REJECT || part->bad)
		return 0;
	err = sl_narrow_l3(n, part->l3, part);
	if (!err && part->arg >= SL_REJECT_NXDOMAIN)
		return narrow_reply(n, part);
	if (err || part->arg != SL_REJECT_TCP_RESET)
		return err;
	return sl_narrow_field(n, SL_FIELD_PROTO, &set, part);
}

static int narrow_part(struct sl_narrow *n, const struct sl_part *part)
{
	if (part->bad)
		return -EINVAL;
	switch (part->kind) {
	case SL_AST_STMT:
		return 0;
	case SL_AST_VERDICT:
		return narrow_verdict(n, part);
	case SL_AST_RAW:
		return narrow_place(n, part);
	case SL_AST_COUNTRY:
		return sl_refs_country(n, part);
	case SL_AST_CONCAT:
		return sl_refs_narrow(n, part);
	default:
		break;
	}
	if (part->kind == SL_AST_MATCH && sl_selectors[part->selector].kind == SL_KIND_IFACE)
		return sl_ifnames_narrow(n, part);
	if (sl_is_set_ref(part))
		return sl_refs_narrow(n, part);
	if (part->kind == SL_AST_MATCH && sl_selectors[part->selector].kind == SL_KIND_NAME)
		return sl_names_narrow(n, part);
	return narrow_selector(n, part);
}

int sl_matches_read(struct sl_parser *p, enum sl_dir dir, const struct sl_ast_rule *rule,
		    struct sl_conf_match **out)
{
	_cleanup_(sl_narrow_clear) struct sl_narrow n = { .p = p, .dir = dir, .l3 = SL_L3_ALL };
	const struct sl_part *part;
	int failed = 0, err;

	for (part = rule->parts; part; part = part->next) {
		/* What "code" belongs to may be what was wrong. */
		if (failed && part->selector == SL_SEL_CODE)
			continue;
		err = narrow_part(&n, part);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed ? failed : sl_narrow_finish(&n, out);
}
