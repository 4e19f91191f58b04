/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the application says in a packet, by what the bytes are, whatever the port: see abi/app.h.
 */

#include "blind.h"
#include "dns.h"
#include "fetch.h"

static __always_inline bool app_on_dns_port(const struct sl_facts *facts)
{
	return sl_dns_is_port(facts->key.sport) || sl_dns_is_port(facts->key.dport);
}

/*
 * The first bytes of a datagram, which have the question of most queries, by one slice. Where the
 * frame ends before, the slice begins before the datagram, and so do its bytes in the work area,
 * where there is room. Their number; 0: none are there yet.
 */
static __always_inline __u32 app_glance(SL_CTX *ctx, const struct sl_facts *facts, __u32 bytes)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 back = 0;
	struct bpf_dynptr view;

	if (!scratch || facts->length < SL_FETCH || sl_view(ctx, &view))
		return 0;
	if (facts->payload > facts->length - SL_FETCH)
		back = facts->payload - (facts->length - SL_FETCH);
	if (!fetch_whole(&view, facts->payload - back, scratch->fetch, bytes - back, SL_FETCH))
		return 0;
	return SL_FETCH - back;
}

/* Bytes from the start of the message on that are to be in the work area, where there are so many. */
static __always_inline bool app_fetch(SL_CTX *ctx, const struct sl_facts *facts, __u32 bytes,
				      __u32 have, __u32 want)
{
	__u32 length = facts->end - facts->payload;

	if (want > length)
		want = length;
	return have >= want ||
	       !sl_fetch(ctx, facts, facts->payload + have, want - have, bytes + have);
}

/* The first bytes decide whether there is more to look at; most questions are among them. */
static __always_inline bool app_read_datagram(SL_CTX *ctx, const struct sl_facts *facts, __u32 work)
{
	__u32 length = facts->end - facts->payload;
	__u32 bytes = work + (__u32)offsetof(struct sl_work, bytes);
	__u32 have = app_glance(ctx, facts, bytes);
	bool on_port = app_on_dns_port(facts);

	if (!have && !app_fetch(ctx, facts, bytes, 0, SL_FETCH))
		return false;
	if (!have)
		have = SL_FETCH;
	if (!sl_dns_may_be(bytes, length, on_port))
		return false;
	if (sl_dns_read(bytes, have < length ? have : length, work, on_port))
		return true;
	if (have >= length || !app_fetch(ctx, facts, bytes, have, SL_DNS_LEAD))
		return false;
	return sl_dns_read(bytes, length, work, on_port);
}

/*
 * The message that begins in this packet is read into the work area. Its offset, or 0 where there is
 * none that Sluice knows.
 */
SL_VERIFIED_ONCE __u32 sl_app_read(SL_CTX *ctx, struct sl_facts *facts, __u32 work)
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
	if (!found && facts->key.l4 == SL_L4_UDP && app_on_dns_port(facts))
		sl_blind(facts, SL_REASON_BAD_DNS);
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
