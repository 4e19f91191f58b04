// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Rule sets by chance, of values that packets have often enough. */
#include <string.h>

#include "fuzz.h"

#define WIDE(high, low) ((wide)(high) << 64 | (low))
#define SITE		0x20010db800770000ULL

wide make_address(struct chance *c, int family)
{
	static const __u32 four[] = { 0x0a4d0001, 0x0a4d0002, 0x0a4d0003, 0x0a4d00ff, 0x0a4d0100,
				      0xc0000201, 0xc000027f, 0xc0000280, 0x7fffffff, 0x80000000,
				      0xe00000fb, 0,	      0xffffffff };
	static const struct {
		__u64 high, low;
	} six[] = {
		{ SITE, 1 },
		{ SITE, 2 },
		{ SITE, 3 },
		{ SITE, 0xffffffff },
		{ SITE, 0x100000000 },
		{ SITE, ~0ULL },
		{ SITE + 1, 0 },
		{ SITE, 1ULL << 63 },
		{ 0xfe80000000000000, 0x0123456789abcdef },
		{ 0xff02000000000000, 0xfb },
		{ 0, 0 },
		{ 0, 0xffff0a4d0001 },
		{ ~0ULL, ~0ULL },
	};
	__u32 which = chance_below(c, sizeof(four) / sizeof(*four));
	wide address = family == 4 ? four[which] : WIDE(six[which].high, six[which].low);

	if (chance_of(c, 15))
		address ^= (wide)1 << chance_below(c, family == 4 ? 32 : 128);
	return address;
}

__u16 make_port(struct chance *c)
{
	static const __u16 ports[] = { 22,   53,   80,	   443,	 1023,	1024, 8080,
				       4000, 5000, 0x5000, 0x50, 65535, 0,    0x1600 };

	if (chance_of(c, 10))
		return (__u16)chance_next(c);
	return (__u16)(chance_pick(c, ports) + chance_below(c, 3) - 1);
}

/* Values of a selector's field; packets take most of theirs from here, too. */
static wide some_value(struct chance *c, int selector)
{
	static const __u16 vlans[] = { 0, 1, 5, 7, 100, 199, 256, 4094, 4095 };
	static const __u16 types[] = { 0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x88cc,
				       0x9100, 0x8847, 0,      0x05ff, 0x0600, 0xffff };
	static const __u8 protos[] = { 0,  1,  2,  4,  6,  17,	41,  43,  44,  47,
				       50, 51, 58, 59, 60, 132, 135, 139, 253, 255 };
	static const __u8 icmps[] = { 0,   1,	2,   3,	  4,   8,   11,	 127,
				      128, 129, 133, 134, 135, 136, 143, 255 };
	static const __u8 ttls[] = { 0, 1, 2, 63, 64, 65, 128, 254, 255 };

	static const __u16 lengths[] = { 0,  1,	 8,   20,  28,	 40,   46,   48,
					 60, 64, 128, 576, 1500, 9000, 65535 };

	switch (selector) {
	case M_ANY_PROTO:
	case M_IP_PROTO:
	case M_IP6_PROTO:
		return chance_pick(c, protos);
	case M_ICMP_TYPE:
	case M_ICMP_CODE:
	case M_ICMPV6_TYPE:
	case M_ICMPV6_CODE:
		return chance_pick(c, icmps);
	case M_VLAN_ID:
	case M_CVLAN_ID:
		return chance_pick(c, vlans);
	case M_VLAN_PCP:
	case M_CVLAN_PCP:
		return chance_below(c, 8);
	case M_VLAN_TAGS:
		return chance_below(c, 5);
	case M_ANY_ETHERTYPE:
		return chance_pick(c, types);
	case M_ANY_DSCP:
		return chance_below(c, 64);
	case M_ANY_TTL:
		return chance_pick(c, ttls);
	case M_ANY_FRAGMENT:
		return chance_below(c, 3);
	case M_ANY_LENGTH:
		return chance_pick(c, lengths) + 14 + chance_below(c, 5) * 4;
	case M_IP_LENGTH:
	case M_IP6_LENGTH:
	case M_ANY_PAYLOAD_LENGTH:
	case M_UDP_LENGTH:
		return chance_of(c, 50) ? chance_pick(c, lengths) : chance_below(c, 120);
	case M_TCP_MSS:
		return chance_of(c, 60) ? 1460 + chance_below(c, 3) - 1 : chance_next(c) & 0xffff;
	case M_TCP_WINDOW:
		return chance_next(c) & 0xffff;
	case M_ETHER_SADDR:
	case M_ETHER_DADDR:
		return chance_of(c, 60) ? 0x020000000000 | chance_below(c, 4)
					: chance_next(c) >> 16;
	default:
		return make_port(c);
	}
}

static void address_range(struct chance *c, struct m_range *r, int family)
{
	int bits = family == 4 ? 32 : 128;
	__u32 free_bits = chance_of(c, 50) ? 0 : chance_below(c, (__u32)bits + 1);
	wide size = free_bits ? ~(wide)0 >> (128 - free_bits) : 0;

	r->family = family;
	r->low = make_address(c, family);
	r->high = r->low;
	if (chance_of(c, 80)) {
		r->low &= ~size;
		r->high = r->low | size;
	} else {
		/* No prefix: a few addresses, from where it likes. */
		wide top = family == 4 ? 0xffffffff : ~(wide)0;

		r->high += chance_below(c, 40);
		if (r->high < r->low || r->high > top)
			r->high = r->low;
	}
}

static void number_range(struct chance *c, struct m_range *r, int selector)
{
	wide other = some_value(c, selector);

	r->low = r->high = some_value(c, selector);
	if (selector == M_ANY_FRAGMENT) {
		if (r->low == SL_FRAG_FIRST && chance_of(c, 50))
			r->high = SL_FRAG_LATER;
		return;
	}
	if (chance_of(c, 65) || selector == M_ETHER_SADDR || selector == M_ETHER_DADDR)
		return;
	if (other < r->low)
		r->low = other;
	else
		r->high = other;
}

static void make_flags(struct chance *c, struct m_match *m)
{
	static const __u8 common[] = { 2, 18, 16, 1, 4, 17, 24, 0, 41, 3, 255 };

	m->mask = 255;
	m->count = 1;
	if (chance_of(c, 60)) {
		m->mask = chance_of(c, 50) ? (__u8)chance_next(c) : chance_pick(c, common);
		if (m->mask == 0 || m->mask == 255)
			m->mask = 2;
		m->range[0].low = chance_next(c) & m->mask;
	} else {
		m->count = m->negate ? 1 : (int)chance_between(c, 1, 3);
		for (int i = 0; i < m->count; i++)
			m->range[i].low =
				chance_of(c, 30) ? chance_next(c) & 255 : chance_pick(c, common);
	}
	for (int i = 0; i < m->count; i++)
		m->range[i].high = m->range[i].low;
}

/* Bytes of which packets have some: half of all numbers, or what headers often hold. */
static void make_raw(struct chance *c, struct m_match *m)
{
	static const int offsets[] = { 0,  0,  1,  2,  3,  4,	6,   8,	   9,	 12,   13,
				       14, 16, 20, 24, 40, 48,	53,  54,   63,	 64,   79,
				       80, 88, 95, 96, 97, 128, 500, 1400, 1500, 9000, 65535 };
	static const int lengths[] = { 1, 1, 2, 2, 4, 8, 16 };
	wide all;

	m->base = (int)chance_below(c, SL_BASE_MAX_);
	m->offset = chance_of(c, 75) ? chance_pick(c, offsets) : (int)chance_below(c, 120);
	m->length = chance_of(c, 70) ? chance_pick(c, lengths) : (int)chance_between(c, 1, 16);
	all = ~(wide)0 >> (128 - 8 * m->length);
	m->raw_mask = all;
	if (chance_of(c, 40)) {
		m->raw_mask = ((wide)chance_next(c) << 64 | chance_next(c)) & all;
		if (chance_of(c, 50))
			m->raw_mask &= (wide)chance_next(c) << 64 | chance_next(c);
		if (!m->raw_mask)
			m->raw_mask = 1;
	}
	m->count = chance_of(c, 70) ? 1 : (int)chance_between(c, 2, 4);
	for (int i = 0; i < m->count; i++) {
		struct m_range *r = &m->range[i];

		r->low = chance_of(c, 50) ? chance_pick(c, ((__u32[]) { 0, 1, 0x0800, 0x45, 0x60, 6,
									17, 80, 22, 53 }))
					  : (wide)chance_next(c) << 64 | chance_next(c);
		r->low &= m->raw_mask;
		r->high = r->low;
		if (m->raw_mask == all && chance_of(c, 60)) {
			r->low = chance_of(c, 50) ? 0 : r->low;
			r->high = chance_of(c, 50) ? all >> 1 : all;
			if (r->low > r->high)
				r->low = 0;
		}
	}
}

static void make_word(struct chance *c, struct m_match *m)
{
	static const struct {
		int selector;
		wide low, high;
	} words[] = {
		{ M_ANY_ETHERTYPE, 0x800, 0x800 },
		{ M_ANY_ETHERTYPE, 0x86dd, 0x86dd },
		{ M_ANY_ETHERTYPE, 0x806, 0x806 },
		{ M_ANY_PROTO, 6, 6 },
		{ M_ANY_PROTO, 17, 17 },
		{ M_ANY_PROTO, 132, 132 },
		{ M_ANY_PROTO, 1, 1 },
		{ M_ANY_PROTO, 58, 58 },
		{ M_VLAN_TAGS, 1, 4 },
		{ M_VLAN_TAGS, 2, 4 },
	};
	__u32 i = chance_below(c, sizeof(words) / sizeof(*words));

	m->selector = words[i].selector;
	m->count = 1;
	m->range[0] = (struct m_range) { .low = words[i].low, .high = words[i].high };
}

void make_match(struct chance *c, struct m_match *m)
{
	*m = (struct m_match) { .style = (int)(chance_next(c) & 0x7fffffff) };
	m->negate = chance_of(c, 20);
	if (chance_of(c, 20)) {
		make_word(c, m);
		return;
	}
	m->selector = (int)chance_below(c, M_TUNNEL);
	if (m->selector == M_TCP_FLAGS) {
		make_flags(c, m);
		return;
	}
	if (m->selector == M_RAW) {
		make_raw(c, m);
		return;
	}
	if (m->selector == M_EXTHDR) {
		m->negate = false;
		m->mask = (__u8)(1U << chance_below(c, 8));
		m->count = 1;
		m->range[0].low = m->range[0].high = chance_of(c, 60) ? m->mask : 0;
		return;
	}
	m->count = chance_of(c, 55) ? 1 : (int)chance_between(c, 2, 4);
	for (int i = 0; i < m->count; i++) {
		bool six = chance_of(c, 50);

		if (m->selector <= M_ANY_DADDR)
			address_range(c, &m->range[i], six ? 6 : 4);
		else if (m->selector <= M_IP6_DADDR)
			address_range(c, &m->range[i], m->selector <= M_IP_DADDR ? 4 : 6);
		else
			number_range(c, &m->range[i], m->selector);
	}
}

/* What a packet must be for the match: 0, anything. */
static void asks_for(const struct m_match *m, int *family, int *transport)
{
	*transport = m->selector == M_TCP_FLAGS || m->selector == M_TCP_WINDOW ||
				     m->selector == M_TCP_MSS
			     ? 6
		     : m->selector == M_UDP_LENGTH ? 17
						   : 0;
	*family = m->selector == M_IP_LENGTH				   ? 4
		  : m->selector == M_IP6_LENGTH || m->selector == M_EXTHDR ? 6
									   : 0;
	if (m->selector >= M_IP_SADDR && m->selector <= M_IP6_DADDR)
		*family = m->selector <= M_IP_DADDR ? 4 : 6;
	if (m->selector == M_IP_PROTO || m->selector == M_IP6_PROTO)
		*family = m->selector == M_IP_PROTO ? 4 : 6;
	if (m->selector >= M_TCP_SPORT && m->selector <= M_SCTP_DPORT)
		*transport = m->selector <= M_TCP_DPORT ? 6 : m->selector <= M_UDP_DPORT ? 17 : 132;
	if (m->selector >= M_ICMP_TYPE && m->selector <= M_ICMPV6_CODE) {
		*transport = m->selector <= M_ICMP_CODE ? 1 : 58;
		*family = m->selector <= M_ICMP_CODE ? 4 : 6;
	}
	if (m->negate || m->count != 1 || m->range[0].low != m->range[0].high)
		return;
	if (m->selector == M_ANY_PROTO)
		*transport = (int)m->range[0].low;
	if (m->selector == M_ANY_ETHERTYPE)
		*family = m->range[0].low == 0x800 ? 4 : m->range[0].low == 0x86dd ? 6 : 1;
}

static bool goes_with(const struct m_rule *rule, const struct m_match *m)
{
	int family, transport, family_before, transport_before;

	asks_for(m, &family, &transport);
	for (int i = 0; i < rule->count; i++) {
		if (rule->match[i].inner != m->inner)
			continue;
		asks_for(&rule->match[i], &family_before, &transport_before);
		if ((family && family_before && family != family_before) ||
		    (transport && transport_before && transport != transport_before))
			return false;
	}
	return true;
}

static void make_stmt(struct chance *c, struct m_stmt *s)
{
	static const int offsets[] = { 0,  1,  2,  3,  4,  6,  7,  8,  9,  12, 13, 14,
				       15, 16, 17, 18, 20, 24, 26, 40, 53, 54, 96, 1400 };
	wide all;

	*s = (struct m_stmt) { .kind = (int)chance_below(c, M_SETS + 2) };
	switch (s->kind) {
	case M_SET_DSCP:
		s->value = chance_below(c, 64);
		return;
	case M_SET_TTL:
		s->value = chance_between(c, 1, 255);
		return;
	case M_SET_MSS:
		s->value =
			chance_of(c, 50) ? 1459 + chance_below(c, 3) : chance_between(c, 1, 65535);
		return;
	case M_SET_VLAN_ID:
		s->value = chance_below(c, 4095);
		return;
	case M_SET_VLAN_PCP:
		s->value = chance_below(c, 8);
		return;
	case M_PUSH_VLAN:
		s->value = chance_below(c, 4096) | chance_below(c, 8) << 13;
		return;
	case M_POP_VLAN:
		return;
	case M_MIRROR:
		s->value = chance_of(c, 60);
		return;
	default:
		break;
	}
	s->kind = M_SET_BYTES;
	s->base = (int)chance_below(c, SL_BASE_MAX_);
	s->offset = chance_of(c, 60) ? chance_pick(c, offsets) : (int)chance_below(c, 100);
	/* What IP headers carry, and may end before the packet does. */
	if (s->base == SL_BASE_NETWORK && chance_of(c, 50))
		s->offset = (int)chance_between(c, 26, 80);
	s->length = chance_of(c, 60) ? (int)chance_between(c, 1, 4) : (int)chance_between(c, 1, 16);
	all = ~(wide)0 >> (128 - 8 * s->length);
	s->mask = chance_of(c, 60) ? all : ((wide)chance_next(c) << 64 | chance_next(c)) & all;
	if (!s->mask)
		s->mask = 1;
	s->value = ((wide)chance_next(c) << 64 | chance_next(c)) & s->mask;
}

static bool asks_what_is_said(int flavour)
{
	return flavour == FLAVOUR_NAMES || flavour == FLAVOUR_SAID || flavour == FLAVOUR_BYTES;
}

/* Of TCP, most often: such a rule resets both ends of a connection. */
static int make_said_matches(struct chance *c, struct m_rule *rule, int flavour)
{
	while (!make_more(c, &rule->match[0], flavour))
		;
	if (chance_of(c, 20))
		return 1;
	rule->match[1] = (struct m_match) { .selector = M_ANY_PROTO,
					    .count = 1,
					    .range = { { .low = 6, .high = 6 } },
					    .style = (int)(chance_next(c) & 0x7fffffff) };
	return 2;
}

/* Instead of a verdict that is carried out by letting go or not. */
static void make_answer(struct chance *c, struct m_rule *rule, int flavour)
{
	static const int kinds[] = { SL_REJECT_AUTO, SL_REJECT_TCP_RESET, SL_REJECT_NET,
				     SL_REJECT_HOST, SL_REJECT_PORT,	  SL_REJECT_ADMIN };

	if (chance_of(c, 20)) {
		rule->action = SL_REDIRECT;
		rule->is_there = chance_of(c, 60);
		return;
	}
	rule->action = SL_REJECT;
	rule->reject = chance_pick(c, kinds);
	/* Of what is said in a connection, both ends are told. */
	if (asks_what_is_said(flavour) && chance_of(c, 60))
		rule->reject = chance_of(c, 50) ? SL_REJECT_AUTO : SL_REJECT_TCP_RESET;
	rule->with = rule->reject >= SL_REJECT_NET ? chance_pick(c, ((int[]) { 4, 6, 10, 10 })) : 0;
	if (flavour != FLAVOUR_NAMES || chance_of(c, 20))
		return;
	rule->with = 0;
	rule->reject = (int)chance_between(c, SL_REJECT_NXDOMAIN, SL_REJECT_AAAA);
	rule->address = make_address(c, rule->reject == SL_REJECT_AAAA ? 6 : 4);
}

static void make_rule(struct chance *c, struct m_rule *rule, int flavour)
{
	static const int counts[] = { 0, 1, 1, 1, 2, 2, 2, 3, 3, 4 };
	static const int actions[] = { SL_ACCEPT, SL_DROP, SL_CONTINUE };

	int count = chance_pick(c, counts);

	rule->count = 0;
	rule->action = chance_pick(c, actions);
	/* What matches all ends the chain: seldom. */
	if (!count && chance_of(c, 80))
		rule->action = SL_CONTINUE;
	rule->has_name = chance_of(c, 60);
	rule->reject = rule->with = 0;
	if (count && chance_of(c, asks_what_is_said(flavour) ? 30 : 15))
		make_answer(c, rule, flavour);
	rule->rest_of_flow = count && (rule->action == SL_ACCEPT || rule->action == SL_DROP) &&
			     ((flavour == FLAVOUR_FLOWS && chance_of(c, 20)) ||
			      (flavour == FLAVOUR_SAID && chance_of(c, 3)));
	rule->stmts = 0;
	while (rule->stmts < M_STMTS && chance_of(c, 25))
		make_stmt(c, &rule->stmt[rule->stmts++]);
	if (rule->action == SL_REJECT && rule->reject <= SL_REJECT_TCP_RESET &&
	    asks_what_is_said(flavour))
		rule->count = make_said_matches(c, rule, flavour);
	while (rule->count < count) {
		if (!make_more(c, &rule->match[rule->count], flavour))
			make_match(c, &rule->match[rule->count]);
		/* Mostly such that a packet can match all of them. */
		if (goes_with(rule, &rule->match[rule->count]) || chance_of(c, 10))
			rule->count++;
	}
	/* Two of a kind, to be met together. */
	if (rule->count > 1 && rule->match[0].selector != M_EXTHDR &&
	    rule->match[0].selector < M_TUNNEL && chance_of(c, 10)) {
		rule->match[1] = rule->match[0];
		rule->match[1].negate = !rule->match[0].negate;
		rule->match[1].range[0].low = rule->match[1].range[0].high;
	}
}

static void make_chain(struct chance *c, struct m_chain *chain, int flavour)
{
	chain->count = (int)chance_below(c, M_RULES + 1);
	chain->policy = chance_of(c, 50) ? SL_ACCEPT : SL_DROP;
	for (int i = 0; i < chain->count; i++)
		make_rule(c, &chain->rule[i], flavour);
}

void make_rules(struct chance *c, struct m_conf *conf, int flavour)
{
	*conf = (struct m_conf) {};
	for (int dir = 0; dir < SL_DIR_MAX_; dir++)
		make_chain(c, &conf->chain[dir], flavour);
	/* Half of the time whatever can be read is judged, malformed or not. */
	if (chance_of(c, 50)) {
		for (int class = 0; class < SL_CLASS_MAX_; class ++)
			conf->on[conf->ons++] = (struct m_on) { true, chance_of(c, 15), class };
	}
	while (conf->ons < M_ONS && chance_of(c, 40)) {
		bool is_class = chance_of(c, 30);
		__u32 max = is_class ? SL_CLASS_MAX_ : SL_REASON_MAX_ - 1;

		conf->on[conf->ons++] = (struct m_on) {
			.is_class = is_class,
			.drop = chance_of(c, 50),
			.what = (int)(chance_below(c, max) + !is_class),
		};
	}
}
