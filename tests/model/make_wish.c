// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What a packet must be for a rule to hold, or nearly. */
#include "fuzz.h"

/* Which field a selector speaks of, and what a packet must be to have it. */
static void wish_for(struct wish *w, int selector, wide value, int family)
{
	static const int fields[M_SELECTORS] = {
		[M_ANY_SADDR] = M_SADDR,
		[M_ANY_DADDR] = M_DADDR,
		[M_IP_SADDR] = M_SADDR,
		[M_IP_DADDR] = M_DADDR,
		[M_IP6_SADDR] = M_SADDR,
		[M_IP6_DADDR] = M_DADDR,
		[M_ANY_PROTO] = M_PROTO,
		[M_IP_PROTO] = M_PROTO,
		[M_IP6_PROTO] = M_PROTO,
		[M_TCP_SPORT] = M_SPORT,
		[M_TCP_DPORT] = M_DPORT,
		[M_UDP_SPORT] = M_SPORT,
		[M_UDP_DPORT] = M_DPORT,
		[M_SCTP_SPORT] = M_SPORT,
		[M_SCTP_DPORT] = M_DPORT,
		[M_TH_SPORT] = M_SPORT,
		[M_TH_DPORT] = M_DPORT,
		[M_TCP_FLAGS] = M_FLAGS,
		[M_ICMP_TYPE] = M_TYPE,
		[M_ICMP_CODE] = M_CODE,
		[M_ICMPV6_TYPE] = M_TYPE,
		[M_ICMPV6_CODE] = M_CODE,
		[M_VLAN_ID] = M_VLAN,
		[M_VLAN_PCP] = M_PCP,
		[M_CVLAN_ID] = M_CVLAN,
		[M_CVLAN_PCP] = M_CPCP,
		[M_VLAN_TAGS] = M_TAGS,
		[M_ANY_ETHERTYPE] = M_ETHERTYPE,
		[M_ANY_DSCP] = M_DSCP,
		[M_ANY_TTL] = M_TTL,
		[M_ANY_FRAGMENT] = M_FRAGMENT,
		[M_ANY_LENGTH] = M_LENGTH,
		[M_IP_LENGTH] = M_PACKET_LENGTH,
		[M_IP6_LENGTH] = M_PACKET_LENGTH,
		[M_ANY_PAYLOAD_LENGTH] = M_PAYLOAD_LENGTH,
		[M_UDP_LENGTH] = M_UDP_SAYS,
		[M_TCP_WINDOW] = M_WINDOW,
		[M_TCP_MSS] = M_MSS,
		[M_ETHER_SADDR] = M_SMAC,
		[M_ETHER_DADDR] = M_DMAC,
		[M_EXTHDR] = M_EXTS,
		[M_RAW] = -1,
	};
	static const int transports[M_SELECTORS] = {
		[M_TCP_SPORT] = 6,    [M_TCP_DPORT] = 6,    [M_UDP_SPORT] = 17, [M_UDP_DPORT] = 17,
		[M_SCTP_SPORT] = 132, [M_SCTP_DPORT] = 132, [M_TCP_FLAGS] = 6,	[M_TCP_WINDOW] = 6,
		[M_TCP_MSS] = 6,      [M_UDP_LENGTH] = 17,  [M_ICMP_TYPE] = 1,	[M_ICMP_CODE] = 1,
		[M_ICMPV6_TYPE] = 58, [M_ICMPV6_CODE] = 58,
	};

	if (fields[selector] >= 0) {
		w->has[fields[selector]] = true;
		w->value[fields[selector]] = value;
	}
	if (family)
		w->family = family;
	if (transports[selector])
		w->transport = transports[selector];
	if (w->transport == 1 || selector == M_IP_PROTO || selector == M_IP_LENGTH)
		w->family = 4;
	if (w->transport == 58 || selector == M_IP6_PROTO || selector == M_IP6_LENGTH ||
	    selector == M_EXTHDR)
		w->family = 6;
}

/* Who sends it and gets it can be answered, and it asks. */
static void wish_for_answer(struct chance *c, struct wish *w, const struct m_rule *rule)
{
	wide two = w->family == 6 || (!w->family && chance_of(c, 50))
			   ? ((wide)0x20010db800770000ULL << 64 | 2)
			   : 0x0a4d0002;

	w->family = two >> 32 ? 6 : 4;
	for (int i = 0; i < 2; i++) {
		enum m_field field = i ? M_DADDR : M_SADDR, mac = i ? M_DMAC : M_SMAC;

		if (!w->has[field])
			w->value[field] = two + (wide)i;
		if (!w->has[mac])
			w->value[mac] = 0x020000000000 | chance_below(c, 4);
		w->has[field] = w->has[mac] = true;
	}
	if (rule->reject < SL_REJECT_NXDOMAIN)
		return;
	w->has[M_APPLICATION] = w->has[M_RESPONSE] = w->has[M_OPCODE] = true;
	w->value[M_APPLICATION] = SL_APP_DNS;
	w->value[M_RESPONSE] = 0;
	w->value[M_OPCODE] = 0;
}

void make_wish(struct chance *c, const struct m_conf *conf, struct wish w[WISHES])
{
	const struct m_chain *chain = &conf->chain[chance_below(c, SL_DIR_MAX_)];
	const struct m_rule *rule;

	for (int i = 0; i < WISHES; i++)
		w[i] = (struct wish) {};
	if (!chain->count || chance_of(c, 25))
		return;
	rule = &chain->rule[chance_below(c, (__u32)chain->count)];
	for (int i = 0; i < rule->count; i++) {
		const struct m_match *m = &rule->match[i];
		const struct m_range *r = &m->range[chance_below(c, (__u32)m->count)];
		wide value = chance_of(c, 50) ? r->low : r->high;

		if (r->high > r->low + 1 && chance_of(c, 30))
			value = r->low + 1 + chance_next(c) % (r->high - r->low - 1);
		/* One beside the range, so that it must not match. */
		if (m->negate ? chance_of(c, 75) : chance_of(c, 15))
			value = chance_of(c, 50) ? r->low - 1 : r->high + 1;
		if (m->selector >= M_TUNNEL)
			wish_for_more(c, w, m, r, value);
		else
			wish_for(&w[m->inner], m->selector, value, r->family);
	}
	if (rule->action == SL_REJECT && chance_of(c, 70))
		wish_for_answer(c, w, rule);
}
