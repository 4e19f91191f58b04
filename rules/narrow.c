/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"

#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_IP6 0x86dd

#define PROTO_ICMP  1
#define PROTO_ICMP6 58

#define HEAD_MAX 64

/* The words of a selector as written, but on one line. */
static void head_words(const struct sl_part *part, char words[HEAD_MAX])
{
	const char *bytes = sl_loc_bytes(&part->head);
	size_t length = (size_t)sl_loc_length(&part->head), used = 0, i;

	for (i = 0; i < length && used < HEAD_MAX - 1; i++) {
		if (!strchr(" \t\r\n\\", bytes[i]))
			words[used++] = bytes[i];
		else if (used && words[used - 1] != ' ')
			words[used++] = ' ';
	}
	words[used] = '\0';
}

int sl_narrow_contradiction(struct sl_narrow *n, const struct sl_part *part,
			    const struct sl_part *other)
{
	unsigned int line, column, other_line, other_column;
	char words[HEAD_MAX], other_words[HEAD_MAX];

	if (!other || other == part)
		return sl_diag_error(n->p->diag, &part->loc,
				     "no packet satisfies this: the rule can never match");
	sl_source_position(&part->head, &line, &column);
	sl_source_position(&other->head, &other_line, &other_column);
	head_words(part, words);
	head_words(other, other_words);
	if (line == other_line)
		return sl_diag_error(
			n->p->diag, &part->loc,
			"'%s' and '%s' in column %u exclude each other: this rule can never match",
			words, other_words, other_column);
	return sl_diag_error(
		n->p->diag, &part->loc,
		"'%s' and '%s' in line %u, column %u exclude each other: this rule can never match",
		words, other_words, other_line, other_column);
}

int sl_narrow_l3(struct sl_narrow *n, __u8 l3, const struct sl_part *part)
{
	const struct sl_part *other = NULL;
	unsigned int i;

	for (i = 0; i < SL_L3_MAX_; i++) {
		if (!other && (l3 & SL_L3_BIT(i)) && n->l3_by[i])
			other = n->l3_by[i];
		if (!(l3 & SL_L3_BIT(i)) && !n->l3_by[i])
			n->l3_by[i] = part;
	}
	n->l3 &= l3;
	return n->l3 ? 0 : sl_narrow_contradiction(n, part, other);
}

/* What the ethertype says about the network header. An IP header that cannot be read is OTHER. */
static int ethertype_narrows_l3(struct sl_narrow *n, const struct sl_part *part)
{
	const struct sl_intervals *set = &n->set[SL_FIELD_ETHERTYPE];
	__u8 l3 = SL_L3_ALL;

	if (!sl_intervals_have(set, ETHERTYPE_IP4))
		l3 &= (__u8)~SL_L3_BIT(SL_L3_IP4);
	if (!sl_intervals_have(set, ETHERTYPE_IP6))
		l3 &= (__u8)~SL_L3_BIT(SL_L3_IP6);
	return sl_narrow_l3(n, l3, part);
}

static int intersect(struct sl_narrow *n, enum sl_field field, const struct sl_intervals *set)
{
	if (!n->set[field].count)
		return sl_intervals_copy(&n->set[field], set);
	return sl_intervals_intersect(&n->set[field], set);
}

int sl_narrow_field(struct sl_narrow *n, enum sl_field field, const struct sl_intervals *set,
		    const struct sl_part *part)
{
	const struct sl_part *other = n->by[field];
	int err;

	err = intersect(n, field, set);
	if (err)
		return err;
	n->by[field] = part;
	if (!n->set[field].count)
		return sl_narrow_contradiction(n, part, other);
	if (field == SL_FIELD_ETHERTYPE)
		return ethertype_narrows_l3(n, part);
	return 0;
}

/* A family whose addresses are used up is out; only when both are, nothing can match. */
int sl_narrow_addr(struct sl_narrow *n, const struct sl_wanted *wanted, const struct sl_part *part)
{
	bool is_source = wanted->field == SL_FIELD_SADDR4 || wanted->field == SL_FIELD_SADDR6;
	enum sl_field field4 = is_source ? SL_FIELD_SADDR4 : SL_FIELD_DADDR4;
	enum sl_field field6 = is_source ? SL_FIELD_SADDR6 : SL_FIELD_DADDR6;
	const struct sl_part *other = n->by[field4] ? n->by[field4] : n->by[field6];
	__u8 l3 = 0;

	if (wanted->set.count && (n->l3 & SL_L3_BIT(SL_L3_IP4))) {
		if (intersect(n, field4, &wanted->set))
			return -ENOMEM;
		l3 |= n->set[field4].count ? SL_L3_BIT(SL_L3_IP4) : 0;
	}
	if (wanted->set6.count && (n->l3 & SL_L3_BIT(SL_L3_IP6))) {
		if (intersect(n, field6, &wanted->set6))
			return -ENOMEM;
		l3 |= n->set[field6].count ? SL_L3_BIT(SL_L3_IP6) : 0;
	}
	if (!l3 && other)
		return sl_narrow_contradiction(n, part, other);
	if (!l3) {
		l3 = (__u8)((wanted->set.count ? SL_L3_BIT(SL_L3_IP4) : 0) |
			    (wanted->set6.count ? SL_L3_BIT(SL_L3_IP6) : 0));
	}
	n->by[field4] = n->by[field6] = part;
	return sl_narrow_l3(n, l3, part);
}

static const struct sl_part *asks_header(const struct sl_narrow *n)
{
	size_t i;
	int field;

	if (n->header_by)
		return n->header_by;
	/* Bytes that have a name are what the name says. */
	for (i = 0; i < n->nraws; i++) {
		if (sl_selectors[sl_raw_selector(&n->raws[i].cond, &n->set[SL_FIELD_PROTO]) %
				 SL_SEL_MAX_]
			    .header)
			return n->raws[i].by;
	}
	for (field = 0; field < SL_FIELD_MAX_; field++) {
		if (sl_fields[field].header && n->set[field].count)
			return n->by[field];
	}
	return NULL;
}

/* Only the first fragment has a transport header, or a packet that is none. */
static int fragment_has_header(struct sl_narrow *n, const struct sl_part *header)
{
	struct sl_interval some = { SL_FRAG_NONE, SL_FRAG_FIRST };
	const struct sl_intervals set = { .v = &some, .count = 1 };
	char words[HEAD_MAX];

	if (!n->set[SL_FIELD_FRAGMENT].count)
		return 0;
	if (sl_intervals_intersect(&n->set[SL_FIELD_FRAGMENT], &set))
		return -ENOMEM;
	if (n->set[SL_FIELD_FRAGMENT].count)
		return 0;
	head_words(header, words);
	return sl_diag_error(
		n->p->diag, &n->by[SL_FIELD_FRAGMENT]->loc,
		"a later fragment has no transport header, so '%s' can never match; it shares the fate of the first one",
		words);
}

/* Allowed, for the protocol numbers do exist there, but hardly meant. */
static int warn_of_other_icmp(struct sl_narrow *n)
{
	const struct sl_intervals *proto = &n->set[SL_FIELD_PROTO];
	bool six = n->l3 == SL_L3_BIT(SL_L3_IP6);

	if ((six && sl_intervals_are(proto, PROTO_ICMP, PROTO_ICMP)) ||
	    (n->l3 == SL_L3_BIT(SL_L3_IP4) && sl_intervals_are(proto, PROTO_ICMP6, PROTO_ICMP6)))
		return sl_diag_warn(n->p->diag, &n->by[SL_FIELD_PROTO]->loc,
				    "the ICMP of %s is '%s': no host sends this one there",
				    six ? "IPv6" : "IPv4", six ? "icmpv6" : "icmp");
	return 0;
}

static void drop_implied(struct sl_narrow *n)
{
	if (!(n->l3 & SL_L3_BIT(SL_L3_OTHER)))
		sl_intervals_clear(&n->set[SL_FIELD_ETHERTYPE]);
	if (!(n->l3 & SL_L3_BIT(SL_L3_IP4))) {
		sl_intervals_clear(&n->set[SL_FIELD_SADDR4]);
		sl_intervals_clear(&n->set[SL_FIELD_DADDR4]);
	}
	if (!(n->l3 & SL_L3_BIT(SL_L3_IP6))) {
		sl_intervals_clear(&n->set[SL_FIELD_SADDR6]);
		sl_intervals_clear(&n->set[SL_FIELD_DADDR6]);
	}
}

int sl_narrow_finish(struct sl_narrow *n, struct sl_conf_match **out)
{
	const struct sl_part *header = asks_header(n);
	struct sl_conf_match *match;
	size_t count = 0;
	int field, err;

	if (header) {
		err = fragment_has_header(n, header);
		if (err)
			return err;
	}
	err = warn_of_other_icmp(n);
	if (err)
		return err;
	drop_implied(n);
	for (field = 0; field < SL_FIELD_MAX_; field++)
		count += n->set[field].count > 0;
	match = calloc(1, sizeof(*match) + count * sizeof(match->conds[0]));
	if (!match)
		return -ENOMEM;
	err = sl_narrow_more(n, match);
	if (err) {
		sl_match_freep(&match);
		return err;
	}
	match->l3 = n->l3;
	match->header = header;
	match->tunnel = n->tunnel;
	match->tunnel_id = n->tunnel_id;
	n->tunnel = n->tunnel_id = (struct sl_intervals) {};
	for (field = 0; field < SL_FIELD_MAX_; field++) {
		if (!n->set[field].count)
			continue;
		match->conds[match->count++] =
			(struct sl_cond) { (enum sl_field)field, n->set[field] };
		n->set[field] = (struct sl_intervals) {};
	}
	*out = match;
	return 0;
}

void sl_narrow_clear(struct sl_narrow *n)
{
	int field;

	for (field = 0; field < SL_FIELD_MAX_; field++)
		sl_intervals_clear(&n->set[field]);
	sl_intervals_clear(&n->tunnel);
	sl_intervals_clear(&n->tunnel_id);
	sl_narrow_more_clear(n);
}
