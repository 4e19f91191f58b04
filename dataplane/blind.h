/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What a rule set with rules about application messages cannot look into, as far as the headers
 * tell, and then the message: it is counted, so that an operator knows of it.
 */

#include "bytes.h"
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

/* Whether one of the protocols that a client offers is DNS over TLS. */
static __always_inline bool blind_alpn(__u32 at, __u32 length)
{
	__u32 end = at + length;

	while (at < end && sl_can_loop) {
		__u32 size = bytes_at(at), word = bytes_get24(at + 1);

		if (size == 3 && word == 0x646f74) /* dot */
			return true;
		at = sl_unknown(at + 1 + size);
	}
	return false;
}

/* RFC 8484 has it as an example, and everybody as the path. */
static __always_inline bool blind_path(__u32 at, __u32 length)
{
	const __u64 dns_quer = 0x726575712d736e64ULL; /* dns-quer, behind the slash */

	return length >= 10 && bytes_at(at) == '/' && *SL_AT(const __u64, at + 1) == dns_quer &&
	       bytes_at(at + 9) == 'y' && (length == 10 || bytes_at(at + 10) == '?');
}

/* What the message in the work area hides. */
static __always_inline void sl_blind_message(struct sl_facts *facts, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);

	if (!(found->has & SL_APP_HAS_MESSAGE))
		return;
	if (found->app == SL_APP_QUIC)
		sl_blind(facts, SL_REASON_QUIC);
	if (found->app == SL_APP_HTTP && blind_path(found->http_path.at, found->http_path.length))
		sl_blind(facts, SL_REASON_DOH);
	if (found->app != SL_APP_TLS)
		return;
	if (found->tls_alpn.at && blind_alpn(found->tls_alpn.at, found->tls_alpn.length))
		sl_blind(facts, SL_REASON_DOT);
	if (found->has & SL_APP_HAS_SECRET)
		sl_blind(facts, SL_REASON_ECH);
}
