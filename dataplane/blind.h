/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What a rule set with rules about application messages cannot look into, as far as the headers
 * tell: it is counted, so that an operator knows of it.
 */

#include "pkt.h"

#define SL_PORT_DOT 853U /* RFC 7858, RFC 8094, RFC 9250: TLS, DTLS and QUIC */

static __always_inline void sl_blind_app(struct sl_facts *facts)
{
	const struct sl_key *key = &facts->key;

	if (facts->reason)
		return;
	if (facts->frag == SL_FRAG_LATER)
		sl_blind(facts, SL_REASON_LATER_FRAGMENT);
	else if ((key->l4 == SL_L4_TCP || key->l4 == SL_L4_UDP) && facts->payload < facts->end &&
		 (key->dport == SL_PORT_DOT || key->sport == SL_PORT_DOT))
		sl_blind(facts, SL_REASON_DOT);
}
