/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the application says in a packet, by what the bytes are, whatever the port: see abi/app.h.
 */

#include "blind.h"
#include "stream.h"

/*
 * The first bytes of a datagram, which have the question of most queries, by one slice of the view that
 * the entry made. Where the frame ends before, the slice begins before the datagram, and so do its bytes
 * in the work area, where there is room. Their number; 0: none are there yet.
 */
static __always_inline __u32 app_glance(const struct sl_pkt *pkt, __u32 bytes)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 back = 0;

	if (!scratch || pkt->length < SL_FETCH)
		return 0;
	if (pkt->payload > pkt->length - SL_FETCH)
		back = pkt->payload - (pkt->length - SL_FETCH);
	if (!fetch_whole(pkt->view, pkt->payload - back, scratch->fetch, bytes - back, SL_FETCH))
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

/* The first bytes, of which have are there, decide whether there is more to look at. */
static __always_inline int app_read_datagram(SL_CTX *ctx, const struct sl_facts *facts, __u32 work,
					     __u32 have)
{
	__u32 length = facts->end - facts->payload;
	__u32 bytes = app_bytes(work);
	bool on_port = app_on_dns_port(facts);

	if (!have && !app_fetch(ctx, facts, bytes, 0, SL_FETCH))
		return SL_READ_NOT;
	if (!have)
		have = SL_FETCH;
	if (!on_port && bytes_at_signed(bytes) >> 7 && sl_quic_read(bytes, length, work))
		return SL_READ_WHOLE;
	if (!sl_dns_may_be(bytes, length, on_port))
		return SL_READ_NOT;
	if (dns_read(bytes, have < length ? have : length, work, on_port))
		return SL_READ_WHOLE;
	if (have >= length || !app_fetch(ctx, facts, bytes, have, SL_DNS_LEAD))
		return SL_READ_NOT;
	return sl_dns_read(bytes, length, work, on_port) ? SL_READ_WHOLE : SL_READ_NOT;
}

/* A datagram whose message may be asked for. */
static __always_inline bool app_is_datagram(const struct sl_facts *facts)
{
	return facts->key.l4 == SL_L4_UDP && !facts->reason && facts->frag != SL_FRAG_LATER &&
	       facts->payload && facts->payload < facts->end && facts->end <= facts->length;
}

/*
 * The message in a datagram, of which the first have bytes are there, is read into the work area; its
 * name with hashes where the rule set needs them. Its offset, or 0 where there is none that Sluice
 * knows. One that is broken is a reason; of a first fragment it is none, since the later ones count.
 */
SL_VERIFIED_ONCE __u32 sl_app_read(SL_CTX *ctx, struct sl_facts *facts, __u32 work, __u32 have,
				   __u32 needs)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	int read;

	sl_keep(ctx);
	if (!facts)
		return 0;
	bytes_found_none(work);
	read = app_read_datagram(ctx, facts, work, have);
	if (read == SL_READ_NOT && app_on_dns_port(facts))
		sl_blind(facts, SL_REASON_BAD_DNS);
	if (read == SL_READ_NOT)
		return 0;
	if (!(found->has & SL_APP_HAS_MESSAGE) && !facts->frag)
		facts->reason = SL_REASON_STREAM_BROKEN;
	sl_blind_message(facts, work);
	if ((needs & SL_NEEDS_NAME) && (found->has & SL_APP_HAS_NAME))
		name_hash(work + (__u32)offsetof(struct sl_app_found, name));
	return found->app ? work : 0;
}

/* Sequence number of the first byte of a segment's data. */
static __always_inline __u32 app_seq(struct sl_pkt *pkt)
{
	/* A packet without a window has not come here; the verifier cannot know. */
	const __u8 *tcp = pkt->window ? sl_header(sl_bytes_of(pkt), pkt->transport + 4, 4) : NULL;

	/* A SYN has the number before it. */
	return (tcp ? sl_get32(tcp) : 0) +
	       (pkt->key.xport >> SL_XPORT_FLAGS_SHIFT & FLOW_SYN ? 1 : 0);
}

/*
 * The work area of this CPU and hook. While a copy of the packet is on its way, the copy's area at
 * egress is the one of XDP, where no packet can be meanwhile; a copy is not copied again.
 */
static __always_inline __u32 app_work(__u32 cpu, __u32 hook)
{
	__u32 work = sl_work_offset(cpu, hook);

	if (hook == SL_HOOK_TC_EGRESS && SL_AT(struct sl_work, work)->lent)
		return sl_work_offset(cpu, SL_HOOK_XDP);
	return work;
}

/* A datagram has its message whole, so its flow is only told what it is. */
SL_VERIFIED_ONCE int sl_app_note(__u32 work)
{
	struct sl_scratch *scratch = sl_scratch();

	if (scratch && scratch->found.flow_state != SL_FLOW_NONE)
		sl_stream_note(stream_app(&scratch->found, work), work);
	return 0;
}

/* The stage: for rule sets that need it. */
static __always_inline void sl_app_look(struct sl_pkt *pkt, __u32 cpu, __u32 ruleset, __u32 needs)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 work = app_work(cpu, pkt->hook), app = 0;

	sl_blind_app(sl_facts_of(pkt));
	if (app_is_datagram(sl_facts_of(pkt)))
		app = sl_app_read(pkt->ctx, sl_facts_of(pkt), work,
				  app_glance(pkt, app_bytes(work)), needs);
	else if (pkt->key.l4 == SL_L4_TCP && (needs & SL_NEEDS_STREAM) && pkt->transport)
		app = sl_stream_look(pkt->ctx, sl_facts_of(pkt), work, app_seq(pkt), ruleset);
	if (app && pkt->key.l4 != SL_L4_TCP && (needs & SL_NEEDS_FLOW))
		sl_app_note(work);
	if (scratch)
		scratch->found.app = app;
}
