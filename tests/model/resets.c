// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/rules.md, "reject": which rules reset a connection at both ends. */
#include <string.h>

#include "model.h"

#define TCP    6
#define PROTOS 256

static int said_by(int selector)
{
	switch (selector) {
	case M_DNS_QNAME:
	case M_DNS_QTYPE:
	case M_DNS_OPCODE:
	case M_DNS_RCODE:
	case M_DNS_KIND:
		return SL_APP_DNS;
	case M_TLS_SNI:
	case M_TLS_ALPN:
	case M_TLS_VERSION:
		return SL_APP_TLS;
	case M_HTTP_HOST:
	case M_HTTP_METHOD:
	case M_HTTP_PATH:
	case M_HTTP_AGENT:
		return SL_APP_HTTP;
	case M_SSH_SOFTWARE:
		return SL_APP_SSH;
	case M_QUIC_VERSION:
	case M_QUIC_TYPE:
		return SL_APP_QUIC;
	default:
		return 0;
	}
}

static bool has_value(const struct m_match *m, wide value)
{
	bool found = false;

	for (int i = 0; i < m->count; i++)
		found = found || (m->range[i].low <= value && value <= m->range[i].high);
	return found != m->negate;
}

/* Whether a packet of that protocol can match. */
static bool allows_proto(const struct m_match *m, int proto)
{
	int family, transport = m_transport_of(m->selector, &family);

	if (m->selector >= M_ANY_PROTO && m->selector <= M_IP6_PROTO)
		return has_value(m, (wide)proto);
	if (transport < 0)
		return proto == TCP || proto == 17 || proto == 132;
	return !transport || transport == proto;
}

static bool allows_app(const struct m_match *m, int app)
{
	if (m->selector == M_APP)
		return has_value(m, (wide)app);
	return !said_by(m->selector) || said_by(m->selector) == app;
}

static bool is_about_tcp(const struct m_rule *rule)
{
	int others = 0;

	for (int proto = 0; proto < PROTOS; proto++) {
		bool allows = rule->reject != SL_REJECT_TCP_RESET || proto == TCP;

		for (int i = 0; i < rule->count; i++)
			allows = allows &&
				 (rule->match[i].inner || allows_proto(&rule->match[i], proto));
		others += allows && proto != TCP;
	}
	return !others;
}

/* What nobody says in datagrams. */
static bool is_about_streams(const struct m_rule *rule)
{
	bool asks = false, dns = true, quic = true;

	for (int i = 0; i < rule->count; i++) {
		asks = asks || m_asks_message(&rule->match[i]);
		dns = dns && allows_app(&rule->match[i], SL_APP_DNS);
		quic = quic && allows_app(&rule->match[i], SL_APP_QUIC);
	}
	return asks && !dns && !quic;
}

bool m_resets_both(const struct m_rule *rule)
{
	bool asks = false;

	if (rule->action != SL_REJECT ||
	    (rule->reject != SL_REJECT_AUTO && rule->reject != SL_REJECT_TCP_RESET))
		return false;
	for (int i = 0; i < rule->count; i++)
		asks = asks || m_asks_message(&rule->match[i]) ||
		       rule->match[i].selector == M_CONTAINS;
	return asks && (is_about_tcp(rule) || is_about_streams(rule));
}
