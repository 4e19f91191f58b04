// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Matches on what is behind the headers, and what packets must be to have it. */
#include <string.h>

#include "fuzz.h"

static void one_of(struct chance *c, struct m_match *m, const wide *values, __u32 count)
{
	m->count = chance_of(c, 60) ? 1 : (int)chance_between(c, 2, 3);
	for (int i = 0; i < m->count; i++) {
		m->range[i].low = values[chance_below(c, count)];
		m->range[i].high = m->range[i].low;
	}
}

static void spans(struct chance *c, struct m_match *m, const wide *values, __u32 count)
{
	one_of(c, m, values, count);
	for (int i = 0; i < m->count; i++) {
		wide other = values[chance_below(c, count)];

		if (other > m->range[i].low && chance_of(c, 40))
			m->range[i].high = other;
	}
}

static const wide ids[] = { 0, 1, 42, 0x100, 0xabcdef, 0xffffff };
static const wide qtypes[] = { 1, 28, 255, 65, 252, 0, 65535, 99 };

static void make_name(struct chance *c, struct m_match *m, int selector)
{
	m->selector = selector;
	m->count = chance_of(c, 50) ? 1 : (int)chance_between(c, 2, 5);
	for (int i = 0; i < m->count; i++)
		m->range[i] = (struct m_range) { .low = chance_below(c, M_NAMES),
						 .family = (int)chance_between(c, 1, 3) };
}

static void make_message(struct chance *c, struct m_match *m)
{
	static const wide opcodes[] = { 0, 4, 5, 1, 15 }, rcodes[] = { 0, 2, 3, 5, 15 };

	switch (chance_below(c, 9)) {
	case 0:
		m->selector = M_APP;
		m->count = 1;
		m->range[0] = (struct m_range) { SL_APP_DNS, SL_APP_DNS, 0 };
		return;
	case 1:
		m->selector = M_DNS_QTYPE;
		spans(c, m, qtypes, 8);
		return;
	case 2:
		m->selector = M_DNS_OPCODE;
		spans(c, m, opcodes, 5);
		return;
	case 3:
		m->selector = M_DNS_RCODE;
		spans(c, m, rcodes, 5);
		return;
	case 4:
		m->selector = M_DNS_KIND;
		m->negate = false;
		m->count = 1;
		m->range[0].low = m->range[0].high = chance_below(c, 2);
		return;
	default:
		make_name(c, m, M_DNS_QNAME);
	}
}

static const wide tls_versions[] = { 0x300, 0x301, 0x302, 0x303, 0x304 };
static const wide quic_versions[] = { 0, 1, 0x6b3343cf, 0xff00001d, 0xffffffff };
static const wide quic_kinds[] = { SL_QUIC_INITIAL, SL_QUIC_ZERO_RTT, SL_QUIC_HANDSHAKE,
				   SL_QUIC_RETRY, SL_QUIC_NEGOTIATION };
static const wide apps[] = { SL_APP_DNS, SL_APP_TLS, SL_APP_HTTP, SL_APP_SSH, SL_APP_QUIC };

static void make_text(struct chance *c, struct m_match *m)
{
	m->selector = (int)chance_between(c, M_TLS_ALPN, M_SSH_SOFTWARE);
	m->count = chance_of(c, 60) ? 1 : (int)chance_between(c, 2, 4);
	for (int i = 0; i < m->count; i++) {
		struct m_range *r = &m->range[i];

		r->low = r->high = chance_below(c, M_TEXTS);
		r->family = chance_of(c, 50) ? 0 : (int)chance_below(c, 4);
		/* The last one is empty: any text. */
		if (r->low == M_TEXTS - 1)
			r->family = M_ANY_BEFORE | M_ANY_BEHIND;
	}
}

static void make_match_said(struct chance *c, struct m_match *m)
{
	switch (chance_below(c, 10)) {
	case 0:
	case 1:
		m->selector = M_APP;
		one_of(c, m, apps, 5);
		return;
	case 2:
		m->selector = M_TLS_VERSION;
		spans(c, m, tls_versions, 5);
		return;
	case 3:
		m->selector = M_QUIC_VERSION;
		spans(c, m, quic_versions, 5);
		return;
	case 4:
		m->selector = M_QUIC_TYPE;
		one_of(c, m, quic_kinds, 5);
		return;
	case 5:
	case 6:
		make_name(c, m, chance_of(c, 50) ? M_TLS_SNI : M_HTTP_HOST);
		return;
	default:
		make_text(c, m);
	}
}

/* Few letters, so that they are found in parts, and one in another. */
static void make_bytes(struct chance *c, struct m_match *m)
{
	static const char letters[] = "aAbB/\\|\x00\xff.";
	static const int sizes[] = { 1, 2, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9, 12, 15, 16, 16 };

	m->selector = M_CONTAINS;
	m->mask = chance_of(c, 25);
	m->offset = chance_of(c, 60) ? 0 : (int)chance_below(c, 70);
	m->count = chance_of(c, 70) ? 1 : (int)chance_between(c, 2, 4);
	for (int i = 0; i < m->count; i++) {
		struct m_range *r = &m->range[i];

		r->family = chance_pick(c, sizes);
		r->low = 0;
		for (int j = 0; j < r->family; j++)
			r->low = r->low << 8 | (__u8)letters[chance_below(c, sizeof(letters) - 1)];
		r->high = chance_of(c, 90) ? 1 : chance_between(c, 1, 256 / (__u32)r->family);
		if (chance_of(c, 70) || m->length)
			continue;
		/* Just enough room, or more. */
		m->length = r->family * (int)r->high + (int)chance_below(c, 30);
	}
	for (int i = 0; i < m->count && m->length; i++) {
		if (m->range[i].family * (int)m->range[i].high > m->length)
			m->length = m->range[i].family * (int)m->range[i].high;
	}
}

static void make_tunnel(struct chance *c, struct m_match *m)
{
	m->inner = (int)chance_below(c, 2);
	m->selector = (int)chance_between(c, M_TUNNEL, M_GTP_TEID);
	if (m->selector != M_TUNNEL) {
		spans(c, m, ids, 6);
		return;
	}
	m->count = 1;
	m->range[0].low = m->range[0].high = chance_below(c, SL_TUNNEL_MAX_);
	if (m->range[0].low == 1)
		m->range[0].high = chance_of(c, 50) ? SL_TUNNEL_MAX_ - 1 : 1;
}

static void make_flow(struct chance *c, struct m_match *m)
{
	static const wide states[] = { SL_FLOW_NEW, SL_FLOW_ESTABLISHED, SL_FLOW_CLOSING,
				       SL_FLOW_MIDSTREAM, SL_FLOW_RELATED };
	static const wide ages[] = { 0, 1, 29, 30, 59, 60, 0xffffffff };
	static const wide packets[] = { 0, 1, 2, 3, 4, 7, 0xffffffff };
	static const wide bytes[] = { 0, 60, 64, 100, 200, 1000, 5000, 0xffffffff };
	static const wide ends[] = { SL_FLOW_TO_SERVER, SL_FLOW_TO_CLIENT };

	m->selector = (int)chance_between(c, M_FLOW_STATE, M_FLOW_BYTES);
	switch (m->selector) {
	case M_FLOW_STATE:
		one_of(c, m, states, 5);
		return;
	case M_FLOW_TO:
		one_of(c, m, ends, 2);
		m->count = 1;
		return;
	case M_FLOW_AGE:
		spans(c, m, ages, 7);
		return;
	case M_FLOW_PACKETS:
		spans(c, m, packets, 7);
		return;
	default:
		spans(c, m, bytes, 8);
	}
}

bool make_more(struct chance *c, struct m_match *m, int flavour)
{
	if (flavour == FLAVOUR_PLAIN || chance_of(c, 40))
		return false;
	*m = (struct m_match) { .style = (int)(chance_next(c) & 0x7fffffff) };
	m->negate = chance_of(c, 20);
	switch (flavour) {
	case FLAVOUR_NAMES:
		make_message(c, m);
		return true;
	case FLAVOUR_SAID:
		make_match_said(c, m);
		return true;
	case FLAVOUR_BYTES:
		make_bytes(c, m);
		return true;
	case FLAVOUR_TUNNELS:
		if (chance_of(c, 40)) {
			make_tunnel(c, m);
			return true;
		}
		make_match(c, m);
		m->inner = chance_of(c, 70) ? 1 : 2;
		return true;
	default:
		make_flow(c, m);
		return true;
	}
}

static void wish_for_tunnel(struct chance *c, struct wish *w, int selector, wide value)
{
	static const int kinds[] = { SL_TUNNEL_VXLAN, SL_TUNNEL_GENEVE, SL_TUNNEL_GRE,
				     SL_TUNNEL_GTP };

	if (selector == M_TUNNEL) {
		if (value == SL_TUNNEL_NONE && chance_of(c, 80))
			return;
		w->has[M_KIND_OF_TUNNEL] = true;
		w->value[M_KIND_OF_TUNNEL] = value;
		return;
	}
	w->has[M_KIND_OF_TUNNEL] = true;
	w->value[M_KIND_OF_TUNNEL] = (wide)kinds[selector - M_VXLAN_VNI];
	w->has[M_TUNNEL_ID] = true;
	w->value[M_TUNNEL_ID] = value;
}

void wish_for_more(struct chance *c, struct wish w[WISHES], const struct m_match *m,
		   const struct m_range *r, wide value)
{
	static const int fields[M_SELECTORS] = {
		[M_APP] = M_APPLICATION,
		[M_DNS_QTYPE] = M_QTYPE,
		[M_DNS_OPCODE] = M_OPCODE,
		[M_DNS_RCODE] = M_RCODE,
		[M_DNS_KIND] = M_RESPONSE,
		[M_FLOW_STATE] = M_STATE,
		[M_FLOW_TO] = M_TO,
		[M_FLOW_AGE] = M_AGE,
		[M_FLOW_BYTES] = M_BYTES,
		[M_FLOW_PACKETS] = M_PACKETS,
		[M_TLS_VERSION] = M_TLS_OFFERS,
		[M_QUIC_VERSION] = M_QUIC_SPEAKS,
		[M_QUIC_TYPE] = M_QUIC_KIND,
	};
	static const int said_by[M_SELECTORS] = {
		[M_DNS_QNAME] = SL_APP_DNS,    [M_TLS_SNI] = SL_APP_TLS,
		[M_HTTP_HOST] = SL_APP_HTTP,   [M_TLS_ALPN] = SL_APP_TLS,
		[M_HTTP_METHOD] = SL_APP_HTTP, [M_HTTP_PATH] = SL_APP_HTTP,
		[M_HTTP_AGENT] = SL_APP_HTTP,  [M_SSH_SOFTWARE] = SL_APP_SSH,
		[M_TLS_VERSION] = SL_APP_TLS,  [M_QUIC_VERSION] = SL_APP_QUIC,
		[M_QUIC_TYPE] = SL_APP_QUIC,
	};

	if (said_by[m->selector]) {
		w->has[M_APPLICATION] = true;
		w->value[M_APPLICATION] = (wide)said_by[m->selector];
	}

	if (m->selector <= M_GTP_TEID) {
		wish_for_tunnel(c, &w[m->inner], m->selector, value);
	} else if (m->selector == M_CONTAINS) {
		w->bytes = *r;
	} else if (m->selector == M_DNS_QNAME || m->selector == M_TLS_SNI ||
		   m->selector == M_HTTP_HOST) {
		w->name = *r;
	} else if (m->selector >= M_TLS_ALPN && m->selector <= M_SSH_SOFTWARE) {
		w->has_text[m->selector - M_TLS_ALPN] = true;
		w->text[m->selector - M_TLS_ALPN] = *r;
	} else {
		w->has[fields[m->selector]] = true;
		w->value[fields[m->selector]] = value;
	}
}
