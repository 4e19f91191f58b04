/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the application says in a packet, by what the bytes are, whatever the port: see abi/app.h.
 */

#include "app_read.h"
#include "blind.h"
#include "fetch.h"

/* As much of a message as is looked at; readers take eight bytes at a time. */
#define SL_APP_BYTES (SL_WORK_BYTES - 8)

static __always_inline __u32 app_bytes(__u32 work)
{
	return work + (__u32)offsetof(struct sl_work, bytes);
}

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
static __always_inline int app_read_datagram(SL_CTX *ctx, const struct sl_facts *facts, __u32 work)
{
	__u32 length = facts->end - facts->payload;
	__u32 bytes = app_bytes(work);
	__u32 have = app_glance(ctx, facts, bytes);
	bool on_port = app_on_dns_port(facts);

	if (!have && !app_fetch(ctx, facts, bytes, 0, SL_FETCH))
		return SL_READ_NOT;
	if (!have)
		have = SL_FETCH;
	if (!on_port && bytes_at_signed(bytes) >> 7 && sl_quic_read(bytes, length, work))
		return SL_READ_WHOLE;
	if (!sl_dns_may_be(bytes, length, on_port))
		return SL_READ_NOT;
	if (sl_dns_read(bytes, have < length ? have : length, work, on_port))
		return SL_READ_WHOLE;
	if (have >= length || !app_fetch(ctx, facts, bytes, have, SL_DNS_LEAD))
		return SL_READ_NOT;
	return sl_dns_read(bytes, length, work, on_port) ? SL_READ_WHOLE : SL_READ_NOT;
}

static __always_inline int app_read_segment(SL_CTX *ctx, const struct sl_facts *facts, __u32 work)
{
	__u32 length = facts->end - facts->payload, have = length < SL_FETCH ? length : SL_FETCH;
	bool on_port = app_on_dns_port(facts);
	__u32 bytes = app_bytes(work);

	if (sl_fetch(ctx, facts, facts->payload, have, bytes) ||
	    !app_may_be(bytes, have, length, on_port))
		return SL_READ_NOT;
	if (length > SL_APP_BYTES)
		length = SL_APP_BYTES;
	if (length > have &&
	    sl_fetch(ctx, facts, facts->payload + have, length - have, bytes + have))
		return SL_READ_NOT;
	return sl_app_read_stream(bytes, length, work, on_port);
}

/*
 * The message that begins in this packet is read into the work area. Its offset, or 0 where there is
 * none that Sluice knows. A message that goes on in another packet, or is broken, is a reason; of a
 * first fragment it is none, since the later ones count.
 */
SL_VERIFIED_ONCE __u32 sl_app_read(SL_CTX *ctx, struct sl_facts *facts, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	int read = SL_READ_NOT;

	sl_keep(ctx);
	if (!facts || facts->reason || facts->frag == SL_FRAG_LATER || !facts->payload ||
	    facts->payload >= facts->end || facts->end > facts->length)
		return 0;
	bytes_found_none(work);
	if (facts->key.l4 == SL_L4_UDP)
		read = app_read_datagram(ctx, facts, work);
	else if (facts->key.l4 == SL_L4_TCP)
		read = app_read_segment(ctx, facts, work);
	if (read == SL_READ_NOT && facts->key.l4 == SL_L4_UDP && app_on_dns_port(facts))
		sl_blind(facts, SL_REASON_BAD_DNS);
	if (read == SL_READ_NOT)
		return 0;
	if (read == SL_READ_MORE)
		found->has = 0;
	if (!(found->has & SL_APP_HAS_MESSAGE) && !facts->frag)
		facts->reason =
			read == SL_READ_MORE ? SL_REASON_STREAM_SPLIT : SL_REASON_STREAM_BROKEN;
	sl_blind_message(facts, work);
	return found->app ? work : 0;
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
