// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <string.h>

#include "model.h"
#include "names.h"

bool m_drops(const struct m_conf *conf, int reason)
{
	int class = sl_reason_classes[reason];
	bool drop = class != SL_CLASS_UNSUPPORTED && class < SL_CLASS_UNDONE;

	for (int i = 0; i < conf->ons; i++) {
		const struct m_on *on = &conf->on[i];

		if (on->what == (on->is_class ? class : reason))
			drop = on->drop;
	}
	return drop;
}

/* docs/rules.md, "Fields": where each selector finds its value, and which packets have it. */
static const struct {
	enum m_field field;
	int family; /* 0: any */
	int transport; /* 0: any, -1: one with ports */
} selectors[M_SELECTORS] = {
	[M_ANY_SADDR] = { M_SADDR },
	[M_ANY_DADDR] = { M_DADDR },
	[M_IP_SADDR] = { M_SADDR, 4 },
	[M_IP_DADDR] = { M_DADDR, 4 },
	[M_IP6_SADDR] = { M_SADDR, 6 },
	[M_IP6_DADDR] = { M_DADDR, 6 },
	[M_ANY_PROTO] = { M_PROTO },
	[M_IP_PROTO] = { M_PROTO, 4 },
	[M_IP6_PROTO] = { M_PROTO, 6 },
	[M_TCP_SPORT] = { M_SPORT, 0, 6 },
	[M_TCP_DPORT] = { M_DPORT, 0, 6 },
	[M_UDP_SPORT] = { M_SPORT, 0, 17 },
	[M_UDP_DPORT] = { M_DPORT, 0, 17 },
	[M_SCTP_SPORT] = { M_SPORT, 0, 132 },
	[M_SCTP_DPORT] = { M_DPORT, 0, 132 },
	[M_TH_SPORT] = { M_SPORT },
	[M_TH_DPORT] = { M_DPORT },
	[M_TCP_FLAGS] = { M_FLAGS, 0, 6 },
	[M_ICMP_TYPE] = { M_TYPE, 4, 1 },
	[M_ICMP_CODE] = { M_CODE, 4, 1 },
	[M_ICMPV6_TYPE] = { M_TYPE, 6, 58 },
	[M_ICMPV6_CODE] = { M_CODE, 6, 58 },
	[M_VLAN_ID] = { M_VLAN },
	[M_VLAN_PCP] = { M_PCP },
	[M_CVLAN_ID] = { M_CVLAN },
	[M_CVLAN_PCP] = { M_CPCP },
	[M_VLAN_TAGS] = { M_TAGS },
	[M_ANY_ETHERTYPE] = { M_ETHERTYPE },
	[M_ANY_DSCP] = { M_DSCP },
	[M_ANY_TTL] = { M_TTL },
	[M_ANY_FRAGMENT] = { M_FRAGMENT },
	[M_ANY_LENGTH] = { M_LENGTH },
	[M_IP_LENGTH] = { M_PACKET_LENGTH, 4 },
	[M_IP6_LENGTH] = { M_PACKET_LENGTH, 6 },
	[M_ANY_PAYLOAD_LENGTH] = { M_PAYLOAD_LENGTH },
	[M_UDP_LENGTH] = { M_UDP_SAYS, 0, 17 },
	[M_TCP_WINDOW] = { M_WINDOW, 0, 6 },
	[M_TCP_MSS] = { M_MSS, 0, 6 },
	[M_ETHER_SADDR] = { M_SMAC },
	[M_ETHER_DADDR] = { M_DMAC },
	[M_EXTHDR] = { M_EXTS, 6 },
};

/* docs/packets.md, "Layers". False: not all of the bytes are there. */
static bool raw_value(const struct m_match *m, const struct m_facts *f, wide *value)
{
	__u32 begin = 0, end = f->length, at;

	switch (m->base) {
	case SL_BASE_FRAME:
		break;
	case SL_BASE_NETWORK:
		begin = f->network_at;
		if (f->packet_end)
			end = f->packet_end;
		break;
	case SL_BASE_TRANSPORT:
		begin = f->transport_at;
		end = f->body_end;
		break;
	default:
		begin = f->payload_at;
		end = f->body_end;
	}
	at = begin + (__u32)m->offset;
	if ((m->base != SL_BASE_FRAME && !begin) || at + (__u32)m->length > end)
		return false;
	*value = 0;
	for (int i = 0; i < m->length; i++)
		*value = *value << 8 | f->bytes[at + (__u32)i];
	*value &= m->raw_mask;
	return true;
}

static bool holds(const struct m_match *m, const struct m_facts *f)
{
	enum m_field field = selectors[m->selector].field;
	int family = selectors[m->selector].family;
	int transport = selectors[m->selector].transport;
	bool is_address = m->selector <= M_IP6_DADDR;
	bool found = false;
	wide value;

	if (m->selector == M_RAW) {
		if (!raw_value(m, f, &value))
			return false;
	} else if (!f->has[field] || (family && f->family != family) ||
		   (transport && f->transport != transport)) {
		return false;
	} else {
		value = f->value[field];
	}
	if (m->selector == M_TCP_FLAGS || m->selector == M_EXTHDR)
		value &= m->mask;
	for (int i = 0; i < m->count; i++) {
		if (is_address && m->range[i].family != f->family)
			continue;
		found = found || (m->range[i].low <= value && value <= m->range[i].high);
	}
	return found != m->negate;
}

bool m_rule_matches(const struct m_rule *rule, const struct m_facts *f)
{
	for (int i = 0; i < rule->count; i++) {
		if (!holds(&rule->match[i], f))
			return false;
	}
	return true;
}

static void decide(struct m_result *r, int rule, int verdict)
{
	r->rule = rule;
	r->verdict = verdict;
	if (rule != M_NO_RULE)
		r->counted[rule] = true;
}

static void act(const struct m_rule *rule, struct m_facts *f, struct m_result *r)
{
	for (int i = 0; i < rule->stmts; i++) {
		enum sl_reason reason = m_set(&rule->stmt[i], f, &r->is_changed);

		if (!r->undone)
			r->undone = reason;
	}
}

static void try_rules(const struct m_chain *chain, struct m_facts *f, struct m_result *r)
{
	for (int i = 0; i < chain->count; i++) {
		if (!m_rule_matches(&chain->rule[i], f))
			continue;
		r->counted[i] = true;
		act(&chain->rule[i], f, r);
		if (chain->rule[i].action != SL_CONTINUE) {
			decide(r, i, chain->rule[i].action);
			return;
		}
	}
	/* A reason that is set to accept stands before the policy. */
	if (r->reason)
		r->verdict = SL_ACCEPT;
	else
		decide(r, M_POLICY, chain->policy);
}

void m_judge(struct m_state *state, const struct m_conf *conf, enum sl_dir dir, struct m_facts *f,
	     struct m_result *r)
{
	struct m_flow *flow = NULL;
	bool is_first = f->has[M_FRAGMENT] && f->value[M_FRAGMENT] == SL_FRAG_FIRST;
	bool is_later = f->has[M_FRAGMENT] && f->value[M_FRAGMENT] == SL_FRAG_LATER;

	*r = (struct m_result) { .reason = f->reason, .rule = M_NO_RULE };
	if (!r->reason && (is_first || is_later))
		flow = m_track(state, f, &r->reason);
	if (r->reason && m_drops(conf, r->reason)) {
		r->verdict = SL_DROP;
	} else if (flow && flow->first_seen && is_later) {
		decide(r, flow->rule, flow->verdict);
	} else {
		try_rules(&conf->chain[dir], f, r);
		if (r->undone && m_drops(conf, r->undone)) {
			if (r->rule != M_NO_RULE)
				r->counted[r->rule] = false;
			r->rule = M_NO_RULE;
			r->verdict = SL_DROP;
		}
		if (is_first && flow && !r->reason) {
			flow->first_seen = true;
			flow->verdict = r->verdict;
			flow->rule = r->rule;
		}
	}
	if (flow)
		m_track_done(state, flow);
}
