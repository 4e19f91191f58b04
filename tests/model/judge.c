// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "names.h"

bool m_drops(const struct m_conf *conf, int reason)
{
	int class = sl_reason_classes[reason];
	/* docs/counters.md says of each class what it is unless it is set. */
	bool drop = class == SL_CLASS_MALFORMED || class == SL_CLASS_DEEP ||
		    class == SL_CLASS_ORPHAN || class == SL_CLASS_ERROR || class == SL_CLASS_UNSENT;

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
	[M_TUNNEL] = { M_KIND_OF_TUNNEL },
	[M_VXLAN_VNI] = { M_TUNNEL_ID },
	[M_GENEVE_VNI] = { M_TUNNEL_ID },
	[M_GRE_KEY] = { M_TUNNEL_ID },
	[M_GTP_TEID] = { M_TUNNEL_ID },
	[M_CONTAINS] = { M_PAYLOAD_LENGTH },
	[M_APP] = { M_APPLICATION },
	[M_DNS_QTYPE] = { M_QTYPE },
	[M_DNS_OPCODE] = { M_OPCODE },
	[M_DNS_RCODE] = { M_RCODE },
	[M_DNS_KIND] = { M_RESPONSE },
	[M_TLS_VERSION] = { M_TLS_OFFERS },
	[M_QUIC_VERSION] = { M_QUIC_SPEAKS },
	[M_QUIC_TYPE] = { M_QUIC_KIND },
	[M_FLOW_STATE] = { M_STATE },
	[M_FLOW_TO] = { M_TO },
	[M_FLOW_AGE] = { M_AGE },
	[M_FLOW_PACKETS] = { M_PACKETS },
	[M_FLOW_BYTES] = { M_BYTES },
};

int m_transport_of(int selector, int *family)
{
	*family = selectors[selector].family;
	return selectors[selector].field == M_SPORT || selectors[selector].field == M_DPORT
		       ? selectors[selector].transport ? selectors[selector].transport : -1
		       : selectors[selector].transport;
}

static const int tunnels[M_SELECTORS] = {
	[M_VXLAN_VNI] = SL_TUNNEL_VXLAN,
	[M_GENEVE_VNI] = SL_TUNNEL_GENEVE,
	[M_GRE_KEY] = SL_TUNNEL_GRE,
	[M_GTP_TEID] = SL_TUNNEL_GTP,
};

bool m_asks_message(const struct m_match *m)
{
	return m->selector >= M_APP && m->selector <= M_QUIC_TYPE;
}

struct m_needs m_needs(const struct m_conf *conf)
{
	struct m_needs needs = {};

	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		for (int i = 0; i < conf->chain[dir].count; i++) {
			const struct m_rule *rule = &conf->chain[dir].rule[i];

			needs.flow = needs.flow || rule->rest_of_flow;
			needs.message = needs.message || (rule->action == SL_REJECT &&
							  rule->reject >= SL_REJECT_NXDOMAIN);
			for (int j = 0; j < rule->count; j++) {
				int s = rule->match[j].selector;

				needs.inner = needs.inner || rule->match[j].inner ||
					      (s >= M_TUNNEL && s <= M_GTP_TEID);
				needs.message = needs.message || m_asks_message(&rule->match[j]);
				needs.flow = needs.flow || s >= M_FLOW_STATE;
			}
		}
	}
	return needs;
}

/* docs/packets.md, "Layers". False: not all of the bytes are there. */
static bool raw_value(const struct m_match *m, const struct m_facts *f, wide *value)
{
	__u32 begin = f->begin, end = f->end, at;

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
	if ((m->base == SL_BASE_FRAME ? !f->has_frame : !begin) || at + (__u32)m->length > end)
		return false;
	*value = 0;
	for (int i = 0; i < m->length; i++)
		*value = *value << 8 | f->bytes[at + (__u32)i];
	*value &= m->raw_mask;
	return true;
}

static wide named_by(int selector)
{
	return selector == M_DNS_QNAME ? SL_APP_DNS
	       : selector == M_TLS_SNI ? SL_APP_TLS
				       : SL_APP_HTTP;
}

static bool holds(const struct m_match *m, const struct m_facts *f)
{
	enum m_field field = selectors[m->selector].field;
	int family = selectors[m->selector].family;
	int transport = selectors[m->selector].transport;
	bool is_address = m->selector <= M_IP6_DADDR;
	bool found = false;
	wide value;

	for (int i = 0; i < m->inner && f; i++)
		f = f->inner;
	if (!f || (tunnels[m->selector] && (int)f->value[M_KIND_OF_TUNNEL] != tunnels[m->selector]))
		return false;
	if (m->selector == M_CONTAINS) {
		found = f->has[field] && m_contains(m, f);
		return f->has[field] && found != m->negate;
	}
	if (m->selector == M_DNS_QNAME || m->selector == M_TLS_SNI || m->selector == M_HTTP_HOST)
		return f->name.is_there && named_by(m->selector) == f->value[M_APPLICATION] &&
		       m_is_named(m, f) != m->negate;
	if (m->selector >= M_TLS_ALPN && m->selector <= M_SSH_SOFTWARE) {
		const struct m_text *text = &f->text[m->selector - M_TLS_ALPN];

		return text->is_there &&
		       m_says(m, text, (enum m_text_kind)(m->selector - M_TLS_ALPN)) != m->negate;
	}
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

__u64 m_held[M_SELECTORS];

/* What the verdict itself asks for. */
static bool can_be_rejected(const struct m_rule *rule, const struct m_facts *f)
{
	if (rule->reject >= SL_REJECT_NXDOMAIN)
		return f->value[M_PROTO] == 17 && f->has[M_RESPONSE] && !f->value[M_RESPONSE] &&
		       (rule->reject == SL_REJECT_REFUSED || !f->value[M_OPCODE]);
	if (rule->reject == SL_REJECT_TCP_RESET && f->value[M_PROTO] != 6)
		return false;
	return !rule->with || (rule->with != 6 && f->family == 4) ||
	       (rule->with != 4 && f->family == 6);
}

bool m_rule_matches(const struct m_rule *rule, const struct m_facts *f)
{
	if (rule->action == SL_REJECT && !can_be_rejected(rule, f))
		return false;
	for (int i = 0; i < rule->count; i++) {
		if (!holds(&rule->match[i], f))
			return false;
		m_held[rule->match[i].selector]++;
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

/* Where the rules run: XDP may have left the packet to TC at a rule that it cannot carry out. */
struct place {
	bool is_xdp;
	int leave;
};

static void act(const struct m_rule *rule, struct m_facts *f, struct m_result *r)
{
	for (int i = 0; i < rule->stmts; i++) {
		enum sl_reason reason = m_set(&rule->stmt[i], f, &r->is_changed);

		if (!r->undone)
			r->undone = reason;
	}
}

bool m_needs_skb(const struct m_rule *rule)
{
	for (int i = 0; i < rule->stmts; i++) {
		int kind = rule->stmt[i].kind;

		if (kind == M_PUSH_VLAN || kind == M_POP_VLAN || kind == M_MIRROR)
			return true;
	}
	return m_resets_both(rule);
}

static void try_rules(const struct m_chain *chain, struct m_facts *f, struct m_result *r,
		      const struct place *place)
{
	for (int i = 0; i < chain->count; i++) {
		bool is_left = place->is_xdp && m_needs_skb(&chain->rule[i]);

		if (!(is_left && place->leave == i + 1) && !m_rule_matches(&chain->rule[i], f)) {
			r->is_unsure = r->is_unsure || (is_left && r->undone);
			continue;
		}
		if (is_left) {
			r->left = i + 1;
			r->verdict = SL_CONTINUE;
			return;
		}
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

/* What rules ask for beyond the headers. A flow that is decided has no need of the rest. */
static struct m_flow *look(struct m_state *state, const struct m_conf *conf, struct m_facts *f,
			   struct m_flow *made)
{
	struct m_needs needs = m_needs(conf);
	struct m_flow *flow = NULL;

	made->state = SL_FLOW_NONE;
	made->talk = NULL;
	if (needs.inner)
		m_look_inside(f);
	if (needs.flow || (conf->streams && f->transport == 6))
		flow = m_flow_look(state, f, made);
	if (needs.message && (!flow || flow->verdict == SL_CONTINUE))
		m_look_at_message(state, f, conf->streams, flow, made);
	return flow;
}

/* What becomes of the flow behind the rules. */
static void learn(struct m_state *state, struct m_flow *flow, const struct m_flow *made,
		  const struct m_rule *rule, const struct m_result *r, const struct m_facts *f)
{
	bool is_said = rule && rule->rest_of_flow;

	if (!flow && made->state != SL_FLOW_NONE && made->state != SL_FLOW_CLOSING &&
	    (r->verdict == SL_ACCEPT || r->verdict == SL_REDIRECT || is_said)) {
		if (state->flows == M_FLOWS)
			abort();
		flow = &state->flow[state->flows++];
		*flow = *made;
		/* What was noted of a connection stays. */
		if (made->talk == &state->talk[state->talks])
			state->talks++;
	}
	if (flow && is_said && f->value[M_STATE] != SL_FLOW_RELATED) {
		flow->verdict = rule->action;
		flow->rule = r->rule;
	}
}

/* The rules, and what they say that cannot be done. */
static void rule_on(const struct m_conf *conf, const struct m_chain *chain, struct m_facts *f,
		    struct m_result *r, const struct place *place)
{
	try_rules(chain, f, r, place);
	if (!r->undone || !m_drops(conf, r->undone)) {
		r->is_unsure = false;
		return;
	}
	if (r->rule != M_NO_RULE)
		r->counted[r->rule] = false;
	r->rule = M_NO_RULE;
	r->verdict = SL_DROP;
	r->left = 0;
}

static void judge_piece(struct m_state *state, const struct m_conf *conf,
			const struct m_chain *chain, struct m_facts *f, struct m_result *r,
			const struct m_flow *flow, const struct place *place)
{
	bool is_first = f->has[M_FRAGMENT] && f->value[M_FRAGMENT] == SL_FRAG_FIRST;
	bool is_later = f->has[M_FRAGMENT] && f->value[M_FRAGMENT] == SL_FRAG_LATER;
	struct m_pieces *pieces = NULL;

	if (!r->reason && (is_first || is_later))
		pieces = m_track(state, f, &r->reason);
	if (r->reason && m_drops(conf, r->reason)) {
		r->verdict = SL_DROP;
	} else if (pieces && pieces->first_seen && is_later) {
		decide(r, pieces->rule, pieces->verdict);
		r->left = pieces->left;
	} else {
		if (flow && flow->verdict != SL_CONTINUE)
			decide(r, flow->rule, flow->verdict);
		else
			rule_on(conf, chain, f, r, place);
		if (is_first && pieces && !r->reason) {
			pieces->first_seen = true;
			pieces->verdict = r->verdict == SL_REJECT ? SL_DROP : r->verdict;
			pieces->rule = r->rule;
			pieces->left = r->left;
		}
	}
	if (pieces)
		m_track_done(state, pieces);
}

static void judge(struct m_state *state, const struct m_conf *conf, enum sl_dir dir,
		  const struct place *place, struct m_facts *f, struct m_result *r)
{
	const struct m_chain *chain = &conf->chain[dir];
	const struct m_way wide_way = { .room = ~0U };
	struct m_answer answers[M_TOLD];
	struct m_flow *flow, made;
	struct m_result done;
	bool was_decided;

	m_copies.count = 0;
	flow = look(state, conf, f, &made);
	was_decided = flow && flow->verdict != SL_CONTINUE;
	*r = (struct m_result) { .reason = f->reason, .rule = M_NO_RULE };
	r->blind = was_decided ? SL_REASON_NONE : f->blind;
	if (r->blind && !r->reason && m_drops(conf, r->blind)) {
		r->verdict = SL_DROP;
		return;
	}
	judge_piece(state, conf, chain, f, r, flow, place);
	/* What cannot be answered may be let go. */
	done = *r;
	m_carry_out(conf, dir, f, &wide_way, &done, answers);
	if (!was_decided)
		learn(state, flow, &made,
		      r->rule >= 0 && r->rule < M_RULES ? &chain->rule[r->rule] : NULL, &done, f);
}

void m_judge(struct m_state *state, const struct m_conf *conf, enum sl_dir dir, struct m_facts *f,
	     struct m_result *r)
{
	const struct place tc = {};

	judge(state, conf, dir, &tc, f, r);
}

void m_judge_xdp(struct m_state *state, const struct m_conf *conf, int leave, struct m_facts *f,
		 struct m_result *r)
{
	const struct place xdp = { true, leave };

	judge(state, conf, SL_DIR_INGRESS, &xdp, f, r);
}
