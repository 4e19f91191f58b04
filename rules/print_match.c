/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include <errno.h>

#include "cover.h"
#include "selector.h"

#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_IP6 0x86dd

#define TCP   6
#define UDP   17
#define ICMP  1
#define ICMP6 58
#define SCTP  132

#define NAMED_RANGE_MAX 8

struct printer {
	struct sl_buf *buf;
	const struct sl_conf_match *match;
};

static bool is_one(const struct sl_intervals *set)
{
	return set->count == 1 && set->v[0].low == set->v[0].high;
}

/* `!= SET` when that is shorter; also `!= 0` rather than all the others. */
static const struct sl_intervals *shorter(const struct sl_intervals *set, sl_u128 max,
					  struct sl_intervals *other, struct sl_buf *buf)
{
	if (sl_intervals_copy(other, set) || sl_intervals_complement(other, max)) {
		buf->err = -ENOMEM;
		return set;
	}
	if (!other->count || (other->count >= set->count && (is_one(set) || !is_one(other))))
		return set;
	sl_buf_add(buf, "!= ");
	return other;
}

/* Whether each number of a short range has a name: then they are written one by one. */
static bool has_names(const struct sl_vocabulary *words, const struct sl_interval *v)
{
	sl_u128 number;

	if (v->high - v->low >= NAMED_RANGE_MAX)
		return false;
	for (number = v->low; number <= v->high; number++) {
		if (!sl_word_name(words, (unsigned int)number))
			return false;
	}
	return true;
}

/* The set with the ranges opened whose numbers say more as names. */
static int open_ranges(struct sl_intervals *out, const struct sl_intervals *set,
		       const struct sl_vocabulary *words)
{
	sl_u128 number;
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct sl_interval *v = &set->v[i];

		if (!has_names(words, v)) {
			if (sl_intervals_add(out, v->low, v->high))
				return -ENOMEM;
			continue;
		}
		for (number = v->low; number <= v->high; number++) {
			if (sl_intervals_add(out, number, number))
				return -ENOMEM;
		}
	}
	return 0;
}

/* What follows a selector. Ports stay numbers: which service it is depends on the protocol. */
static void print_set(struct sl_buf *buf, enum sl_selector selector, const struct sl_intervals *all)
{
	const struct sl_selector_info *info = &sl_selectors[selector];
	const struct sl_vocabulary *words =
		info->words == &sl_words_port ? &sl_words_none : info->words;
	struct sl_intervals other = {}, opened = {};
	const struct sl_intervals *set = shorter(all, sl_field_max(info->field), &other, buf);
	size_t i;

	if (info->field == SL_FIELD_TYPE) {
		if (open_ranges(&opened, set, words))
			buf->err = -ENOMEM;
		set = &opened;
	}
	sl_buf_add(buf, set->count > 1 ? "{ " : "");
	for (i = 0; i < set->count; i++) {
		sl_buf_add(buf, i ? ", " : "");
		sl_word_print(buf, words, info->hex, &set->v[i]);
	}
	sl_buf_add(buf, set->count > 1 ? " }" : "");
	sl_intervals_clear(&other);
	sl_intervals_clear(&opened);
}

static void print_field(struct printer *p, enum sl_selector selector)
{
	const struct sl_intervals *set = sl_match_find(p->match, sl_selectors[selector].field);

	if (!set)
		return;
	sl_print_blank(p->buf);
	sl_buf_add(p->buf, "%s ", sl_selectors[selector].name);
	print_set(p->buf, selector, set);
}

static bool has(const struct printer *p, enum sl_field field)
{
	return sl_match_find(p->match, field) != NULL;
}

static bool has_packet_length(const struct printer *p)
{
	size_t i;

	for (i = 0; i < p->match->nlengths; i++) {
		if (p->match->lengths[i].of == SL_LENGTH_PACKET)
			return true;
	}
	return false;
}

/* `ip` where nothing else says that a rule is about one family only. */
static void print_family(struct printer *p)
{
	const struct sl_intervals *type = sl_match_find(p->match, SL_FIELD_ETHERTYPE);
	__u8 l3 = p->match->l3;
	bool said = has(p, SL_FIELD_EXT) || has_packet_length(p) || has(p, SL_FIELD_TYPE) ||
		    has(p, SL_FIELD_CODE) || has(p, SL_FIELD_SADDR4) || has(p, SL_FIELD_DADDR4) ||
		    has(p, SL_FIELD_SADDR6) || has(p, SL_FIELD_DADDR6);
	const char *word = NULL;

	if (type && type->count == 1 && type->v[0].low == type->v[0].high &&
	    (type->v[0].low == ETHERTYPE_IP4 || type->v[0].low == ETHERTYPE_IP6 ||
	     type->v[0].low == 0x0806))
		word = sl_word_name(&sl_words_ethertype, (unsigned int)type->v[0].low);
	else if (type)
		print_field(p, SL_SEL_ETHERTYPE);
	else if (l3 == SL_L3_BIT(SL_L3_IP4) && !said)
		word = "ip";
	else if (l3 == SL_L3_BIT(SL_L3_IP6) && !said)
		word = "ip6";
	if (word) {
		sl_print_blank(p->buf);
		sl_buf_add(p->buf, "%s", word);
	}
}

static void print_tags(struct printer *p)
{
	const struct sl_intervals *tags = sl_match_find(p->match, SL_FIELD_TAGS);
	bool inner = has(p, SL_FIELD_CVLAN_ID) || has(p, SL_FIELD_CVLAN_PCP);
	bool outer = has(p, SL_FIELD_VLAN_ID) || has(p, SL_FIELD_VLAN_PCP);
	sl_u128 max = sl_field_max(SL_FIELD_TAGS);
	const char *word = NULL;

	if (!tags || (inner && sl_intervals_are(tags, 2, max)) ||
	    (outer && !inner && sl_intervals_are(tags, 1, max)))
		return;
	if (sl_intervals_are(tags, 1, max))
		word = "vlan";
	else if (sl_intervals_are(tags, 2, max))
		word = "cvlan";
	else if (sl_intervals_are(tags, 0, 0))
		word = "not vlan";
	else if (sl_intervals_are(tags, 0, 1))
		word = "not cvlan";
	if (!word) {
		print_field(p, SL_SEL_VLAN_TAGS);
		return;
	}
	sl_print_blank(p->buf);
	sl_buf_add(p->buf, "%s", word);
}

static void print_addr(struct printer *p, const char *name, enum sl_field field4,
		       enum sl_field field6)
{
	static const struct sl_intervals none;
	const struct sl_intervals *set4 = sl_match_find(p->match, field4);
	const struct sl_intervals *set6 = sl_match_find(p->match, field6);
	struct sl_intervals not4 = {}, not6 = {};
	size_t rest;

	if (!set4 && !set6)
		return;
	sl_print_blank(p->buf);
	sl_buf_add(p->buf, "%s%s ", !set6 ? "ip " : !set4 ? "ip6 " : "", name);
	if ((set4 && (sl_intervals_copy(&not4, set4) ||
		      sl_intervals_complement(&not4, sl_field_max(field4)))) ||
	    (set6 && (sl_intervals_copy(&not6, set6) ||
		      sl_intervals_complement(&not6, sl_field_max(field6)))))
		p->buf->err = -ENOMEM;
	rest = not4.count + not6.count;
	if (rest && rest < (set4 ? set4->count : 0) + (set6 ? set6->count : 0)) {
		sl_buf_add(p->buf, "!= ");
		sl_addrs_print(p->buf, &not4, &not6);
	} else {
		sl_addrs_print(p->buf, set4 ? set4 : &none, set6 ? set6 : &none);
	}
	sl_intervals_clear(&not4);
	sl_intervals_clear(&not6);
}

static void print_proto(struct printer *p, const struct sl_intervals *proto)
{
	const char *name;

	sl_print_blank(p->buf);
	if (proto->count == 1 && proto->v[0].low == proto->v[0].high &&
	    (proto->v[0].low == TCP || proto->v[0].low == UDP || proto->v[0].low == SCTP ||
	     proto->v[0].low == ICMP || proto->v[0].low == ICMP6)) {
		name = sl_word_name(&sl_words_proto, (unsigned int)proto->v[0].low);
		sl_buf_add(p->buf, "%s", name);
		return;
	}
	sl_buf_add(p->buf, "%s ", sl_selectors[SL_SEL_PROTO].name);
	print_set(p->buf, SL_SEL_PROTO, proto);
}

/* The protocol as ports are written with it. */
static const char *port_word(const struct sl_intervals *proto)
{
	if (!proto || proto->count != 1)
		return "th";
	return proto->v[0].low == TCP ? "tcp" : proto->v[0].low == UDP ? "udp" : "sctp";
}

static void print_ports(struct printer *p, const struct sl_intervals *proto)
{
	enum sl_selector sport = SL_SEL_TH_SPORT, dport = SL_SEL_TH_DPORT;

	if (sl_intervals_are(proto, TCP, TCP)) {
		sport = SL_SEL_TCP_SPORT;
		dport = SL_SEL_TCP_DPORT;
	} else if (sl_intervals_are(proto, UDP, UDP)) {
		sport = SL_SEL_UDP_SPORT;
		dport = SL_SEL_UDP_DPORT;
	} else if (sl_intervals_are(proto, SCTP, SCTP)) {
		sport = SL_SEL_SCTP_SPORT;
		dport = SL_SEL_SCTP_DPORT;
	}
	print_field(p, sport);
	print_field(p, dport);
}

static void print_flag_names(struct sl_buf *buf, unsigned int flags)
{
	const char *join = "";
	unsigned int bit;

	if (!flags)
		sl_buf_add(buf, "none");
	for (bit = 1; bit < 256; bit <<= 1) {
		if (!(flags & bit))
			continue;
		sl_buf_add(buf, "%s%s", join, sl_word_name(&sl_words_flag, bit));
		join = "|";
	}
}

static unsigned int bits_of(unsigned int mask)
{
	return (unsigned int)__builtin_popcount(mask);
}

static void print_masked(struct sl_buf *buf, const struct sl_piece *piece, const char *op)
{
	unsigned int mask = (unsigned int)piece->mask;

	sl_buf_add(buf, "& %s", bits_of(mask) > 1 ? "(" : "");
	print_flag_names(buf, mask);
	sl_buf_add(buf, "%s %s ", bits_of(mask) > 1 ? ")" : "", op);
	print_flag_names(buf, (unsigned int)piece->value);
}

/* One masked compare if the set is one, else all combinations of flags that are in it. */
static void print_flags(struct printer *p, const struct sl_intervals *set)
{
	struct sl_pieces is = {}, isnt = {};
	struct sl_intervals other = {};
	const char *join = "{ ";
	unsigned int i;

	sl_print_blank(p->buf);
	sl_buf_add(p->buf, "tcp flags ");
	if (sl_cover_bits(&is, set, 8) || sl_intervals_copy(&other, set) ||
	    sl_intervals_complement(&other, 255) || sl_cover_bits(&isnt, &other, 8)) {
		p->buf->err = -ENOMEM;
	} else if (!other.count) {
		sl_buf_add(p->buf, "0-255");
	} else if (is.count == 1) {
		print_masked(p->buf, &is.v[0], "==");
	} else if (isnt.count == 1) {
		print_masked(p->buf, &isnt.v[0], "!=");
	} else {
		for (i = 0; i < 256; i++) {
			if (!sl_intervals_have(set, i))
				continue;
			sl_buf_add(p->buf, "%s", join);
			print_flag_names(p->buf, i);
			join = ", ";
		}
		sl_buf_add(p->buf, " }");
	}
	sl_pieces_clear(&is);
	sl_pieces_clear(&isnt);
	sl_intervals_clear(&other);
}

static void print_icmp(struct printer *p)
{
	bool six = p->match->l3 == SL_L3_BIT(SL_L3_IP6);
	const struct sl_intervals *code = sl_match_find(p->match, SL_FIELD_CODE);

	print_field(p, six ? SL_SEL_ICMP6_TYPE : SL_SEL_ICMP_TYPE);
	if (!code)
		return;
	sl_print_blank(p->buf);
	if (!has(p, SL_FIELD_TYPE))
		sl_buf_add(p->buf, six ? "icmpv6 " : "icmp ");
	sl_buf_add(p->buf, "code ");
	print_set(p->buf, SL_SEL_CODE, code);
}

static bool has_ports(const struct printer *p)
{
	size_t i, j;

	for (i = 0; i < p->match->nsets; i++) {
		for (j = 0; j < SL_SET_PARTS; j++) {
			if (p->match->sets[i].part[j] == SL_PART_SPORT ||
			    p->match->sets[i].part[j] == SL_PART_DPORT)
				return true;
		}
	}
	return has(p, SL_FIELD_SPORT) || has(p, SL_FIELD_DPORT);
}

/* For a name of DNS. */
static bool asks_dns(const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nsets; i++) {
		if (match->sets[i].part[0] == SL_PART_QNAME)
			return true;
	}
	return match->nnames && match->names[0].app == SL_APP_DNS;
}

/*
 * What is asked of a header says the protocol, but for `th`, which alone asks for TCP, UDP and
 * SCTP.
 */
static bool says_proto(const struct printer *p, const struct sl_intervals *proto)
{
	if (!p->match->header)
		return true;
	/* Messages are in TCP and in UDP. */
	if (sl_match_asks_app(p->match) || asks_dns(p->match))
		return !has_ports(p) && proto->count == 1;
	return has_ports(p) && proto->count == 2;
}

static void print_transport(struct printer *p)
{
	const struct sl_intervals *proto = sl_match_find(p->match, SL_FIELD_PROTO);
	const struct sl_intervals *flags = sl_match_find(p->match, SL_FIELD_FLAGS);

	if (!proto)
		return;
	if (says_proto(p, proto))
		print_proto(p, proto);
	print_ports(p, proto);
	if (flags)
		print_flags(p, flags);
	print_icmp(p);
}

/* No range in words: `any` would be one of numbers otherwise. */
static void print_fragment(struct printer *p)
{
	const struct sl_intervals *set = sl_match_find(p->match, SL_FIELD_FRAGMENT);
	unsigned int i, count = 0;
	const char *join = "{ ";

	if (!set)
		return;
	sl_print_blank(p->buf);
	sl_buf_add(p->buf, "fragment ");
	for (i = 0; i <= SL_FRAG_LATER; i++)
		count += sl_intervals_have(set, i);
	if (sl_intervals_are(set, SL_FRAG_FIRST, SL_FRAG_LATER)) {
		sl_buf_add(p->buf, "any");
		return;
	}
	for (i = 0; i <= SL_FRAG_LATER; i++) {
		if (!sl_intervals_have(set, i))
			continue;
		sl_buf_add(p->buf, "%s%s", count > 1 ? join : "",
			   sl_word_name(&sl_words_fragment, i));
		join = ", ";
	}
	sl_buf_add(p->buf, count > 1 ? " }" : "");
}

/* Of each header, whether it is there. */
static void print_exthdr(struct printer *p)
{
	const struct sl_intervals *set = sl_match_find(p->match, SL_FIELD_EXT);
	struct sl_pieces pieces = {};
	unsigned int bit;

	if (!set)
		return;
	if (sl_cover_bits(&pieces, set, 8))
		p->buf->err = -ENOMEM;
	/* Each match asks about one header, so that all of them are one masked compare. */
	for (bit = 1; pieces.count && bit < 256; bit <<= 1) {
		if (!(pieces.v[0].mask & bit))
			continue;
		sl_print_blank(p->buf);
		sl_buf_add(p->buf, "exthdr %s %s", sl_word_name(&sl_words_exthdr, bit),
			   pieces.v[0].value & bit ? "exists" : "missing");
	}
	sl_pieces_clear(&pieces);
}

void sl_match_print(struct sl_buf *buf, const struct sl_conf *conf, enum sl_dir dir,
		    const struct sl_conf_match *match)
{
	struct printer p = { .buf = buf, .match = match };

	sl_ifaces_print(buf, conf, dir, match);
	print_family(&p);
	print_tags(&p);
	print_field(&p, SL_SEL_VLAN_ID);
	print_field(&p, SL_SEL_VLAN_PCP);
	print_field(&p, SL_SEL_CVLAN_ID);
	print_field(&p, SL_SEL_CVLAN_PCP);
	print_addr(&p, "saddr", SL_FIELD_SADDR4, SL_FIELD_SADDR6);
	print_addr(&p, "daddr", SL_FIELD_DADDR4, SL_FIELD_DADDR6);
	print_transport(&p);
	print_fragment(&p);
	print_field(&p, SL_SEL_DSCP);
	print_field(&p, SL_SEL_TTL);
	print_exthdr(&p);
	sl_lengths_print(buf, match);
	sl_raws_print(buf, match);
	sl_names_print(buf, match);
	sl_refs_print(buf, conf, match, port_word(sl_match_find(match, SL_FIELD_PROTO)));
}
