/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "parse_frag.h"
#include "pkt.h"

#define SL_IP6_LEN   40U
#define SL_EXT_LEN   8U /* the least that an extension header takes */
#define SL_EXT_DEPTH 16

#define SL_NEXT_HOPOPTS	 0
#define SL_NEXT_ROUTING	 43
#define SL_NEXT_FRAGMENT 44
#define SL_NEXT_AUTH	 51
#define SL_NEXT_DSTOPTS	 60
#define SL_NEXT_MOBILITY 135
#define SL_NEXT_HIP	 139
#define SL_NEXT_SHIM6	 140

static __always_inline bool ip6_is_ext(__u8 next)
{
	switch (next) {
	case SL_NEXT_HOPOPTS:
	case SL_NEXT_ROUTING:
	case SL_NEXT_FRAGMENT:
	case SL_NEXT_AUTH:
	case SL_NEXT_DSTOPTS:
	case SL_NEXT_MOBILITY:
	case SL_NEXT_HIP:
	case SL_NEXT_SHIM6:
		return true;
	default:
		return false;
	}
}

static __always_inline __u8 ip6_ext_bit(__u8 next)
{
	switch (next) {
	case SL_NEXT_HOPOPTS:
		return 1 << SL_EXT_HOPOPTS;
	case SL_NEXT_ROUTING:
		return 1 << SL_EXT_ROUTING;
	case SL_NEXT_FRAGMENT:
		return 1 << SL_EXT_FRAGMENT;
	case SL_NEXT_AUTH:
		return 1 << SL_EXT_AH;
	case SL_NEXT_DSTOPTS:
		return 1 << SL_EXT_DSTOPTS;
	case SL_NEXT_MOBILITY:
		return 1 << SL_EXT_MOBILITY;
	default:
		return 1 << SL_EXT_OTHER;
	}
}

/* Where the walk along the chain stands. */
struct sl_extensions {
	__u32 cursor; /* in: the first extension header; out: what follows the last */
	__u32 end; /* in: of the packet */
	__u32 frag_id;
	__u32 frag_cursor; /* behind the fragment header; 0: there is none */
	__u16 frag_field; /* offset and the more flag, as in the header */
	__u8 next; /* protocol at cursor */
	__u8 seen; /* 1 << enum sl_ext */
};

/*
 * The chain of extension headers, RFC 8200 section 4, up to a transport header or to what a later
 * fragment holds. Global, so that the verifier walks it once.
 */
SL_VERIFIED_ONCE int sl_walk_extensions(const struct bpf_dynptr *view, struct sl_extensions *walk)
{
	__u8 copy[SL_EXT_LEN];
	const __u8 *ext;
	__u32 len;

	if (!walk)
		return SL_REASON_SHORT_EXTHDR;
	for (__u32 i = sl_unknown(0); i < SL_EXT_DEPTH && sl_can_loop; i++) {
		if (!ip6_is_ext(walk->next))
			return SL_REASON_NONE;
		if (walk->next == SL_NEXT_HOPOPTS && i > 0)
			return SL_REASON_BAD_EXTHDR;
		if (walk->end - walk->cursor < SL_EXT_LEN)
			return SL_REASON_SHORT_EXTHDR;
		ext = bpf_dynptr_slice(view, walk->cursor, copy, SL_EXT_LEN);
		if (!ext)
			return SL_REASON_SHORT_EXTHDR;

		if (walk->next == SL_NEXT_FRAGMENT) {
			if (walk->frag_cursor)
				return SL_REASON_BAD_EXTHDR;
			len = SL_EXT_LEN;
			walk->frag_cursor = walk->cursor + len;
			walk->frag_field = sl_get16(ext + 2);
			walk->frag_id = sl_get32(ext + 4);
		} else if (walk->next == SL_NEXT_AUTH) {
			len = (ext[1] + 2) * 4;
		} else {
			len = (ext[1] + 1) * 8;
		}
		if (len < SL_EXT_LEN || len > walk->end - walk->cursor)
			return SL_REASON_SHORT_EXTHDR;
		walk->seen |= ip6_ext_bit(walk->next);
		walk->next = ext[0];
		walk->cursor += len;
		if (walk->frag_cursor == walk->cursor && (walk->frag_field & 0xfff8))
			return SL_REASON_NONE;
	}
	return ip6_is_ext(walk->next) ? SL_REASON_EXTHDR_DEPTH : SL_REASON_NONE;
}

static __always_inline enum sl_step parse_extensions(const struct sl_bytes *from,
						     struct sl_facts *pkt, __u8 next)
{
	struct sl_extensions walk = { .cursor = pkt->cursor, .end = pkt->end, .next = next };
	enum sl_reason reason = sl_walk_extensions(from->view, &walk);
	enum sl_step step = SL_NEXT;

	pkt->key.xport &= ~(0xffULL << SL_XPORT_PROTO_SHIFT);
	pkt->key.xport |= (__u64)walk.next << SL_XPORT_PROTO_SHIFT;
	pkt->key.xport |= (__u64)walk.seen << SL_XPORT_EXT_SHIFT;
	pkt->key.dport = walk.next;
	/* Offset 0 and no more to come: not a fragment at all (RFC 6946). */
	if (walk.frag_cursor && (walk.frag_field & 0xfff9)) {
		pkt->frag_id = walk.frag_id;
		pkt->cursor = walk.frag_cursor;
		step = parse_frag(pkt, walk.frag_field & 0xfff8, walk.frag_field & 1);
	}
	pkt->cursor = walk.cursor;
	/* RFC 7112: a first fragment holds the whole chain. */
	if (reason == SL_REASON_SHORT_EXTHDR && pkt->frag)
		reason = SL_REASON_FRAG_TINY;
	if (reason && !pkt->reason)
		return sl_stop(pkt, reason);
	return step;
}

static __always_inline enum sl_step parse_ip6(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *ip = sl_header(from, pkt->cursor, SL_IP6_LEN);
	__u32 payload_len, rest;
	__u8 next;

	if (!ip)
		return sl_stop(pkt, SL_REASON_SHORT_IP6);
	if (ip[0] >> 4 != 6)
		return sl_stop(pkt, SL_REASON_BAD_IP6_VERSION);

	next = ip[6];
	pkt->key.l3 = SL_L3_IP6;
	pkt->key.addr[0] = sl_get64(ip + 8);
	pkt->key.addr[1] = sl_get64(ip + 16);
	pkt->key.addr[2] = sl_get64(ip + 24);
	pkt->key.addr[3] = sl_get64(ip + 32);
	pkt->key.xport = (__u64)next << SL_XPORT_PROTO_SHIFT |
			 (__u64)((sl_get16(ip) >> 6) & 0x3f) << SL_XPORT_DSCP_SHIFT |
			 (__u64)ip[7] << SL_XPORT_TTL_SHIFT;
	pkt->key.dport = next; /* until there are ports */

	payload_len = sl_get16(ip + 4);
	rest = pkt->length - pkt->network - SL_IP6_LEN;
	/* Packets of over 64 KiB that stay on the host; in older kernels with a jumbo option. */
	if (payload_len == 0 && sl_is_gso(pkt))
		payload_len = rest;
	/*
	 * Length 0 before hop-by-hop options says that they hold the real one, which is over 65535.
	 * Receivers take shorter frames, too, and read all of the frame: Linux does, with no jumbo
	 * option in sight. So such a packet lies; to call it unsupported would let it pass.
	 */
	if (payload_len == 0 && next == SL_NEXT_HOPOPTS)
		return sl_stop(pkt, rest > 65535 ? SL_REASON_JUMBOGRAM : SL_REASON_BAD_IP6_LENGTH);
	if (payload_len > rest)
		return sl_stop(pkt, SL_REASON_BAD_IP6_LENGTH);

	pkt->cursor += SL_IP6_LEN;
	pkt->end = pkt->cursor + payload_len;
	pkt->ip_end = pkt->end;
	if (ip6_is_ext(next))
		return parse_extensions(from, pkt, next);
	return SL_NEXT;
}
