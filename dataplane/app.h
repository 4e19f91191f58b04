/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the application says in a packet, by what the bytes are, whatever the port: see abi/app.h.
 */

#include "blind.h"
#include "dns.h"
#include "fetch.h"

/* The first bytes decide whether there is more to look at. */
static __always_inline bool app_read_datagram(SL_CTX *ctx, const struct sl_facts *facts, __u32 work)
{
	__u32 length = facts->end - facts->payload, have = length < SL_FETCH ? length : SL_FETCH;
	bool on_port = sl_dns_is_port(facts->key.sport) || sl_dns_is_port(facts->key.dport);
	__u32 bytes = work + (__u32)offsetof(struct sl_work, bytes);

	if (sl_fetch(ctx, facts, facts->payload, have, bytes))
		return false;
	if (!sl_dns_may_be(bytes, length, on_port))
		return false;
	if (length > have && have < SL_DNS_LEAD) {
		__u32 lead = length < SL_DNS_LEAD ? length : SL_DNS_LEAD;

		if (sl_fetch(ctx, facts, facts->payload + have, lead - have, bytes + have))
			return false;
	}
	return sl_dns_read(bytes, length, work, on_port);
}

/*
 * The message that begins in this packet is read into the work area. Its offset, or 0 where there is
 * none that Sluice knows.
 */
SL_VERIFIED_ONCE __u32 sl_app_read(SL_CTX *ctx, const struct sl_facts *facts, __u32 work)
{
	bool found = false;

	sl_keep(ctx);
	if (!facts || facts->reason || facts->frag == SL_FRAG_LATER || !facts->payload ||
	    facts->payload >= facts->end || facts->end > facts->length)
		return 0;
	SL_AT(struct sl_app_found, work)->app = SL_APP_NONE;
	SL_AT(struct sl_app_found, work)->has = 0;
	if (facts->key.l4 == SL_L4_UDP)
		found = app_read_datagram(ctx, facts, work);
	return found ? work : 0;
}

/* The stage: for rule sets that need it. */
static __always_inline void sl_app_look(struct sl_pkt *pkt, __u32 work)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 app;

	sl_blind_app(sl_facts_of(pkt));
	app = sl_app_read(pkt->ctx, sl_facts_of(pkt), work);
	if (scratch)
		scratch->found.app = app;
}
