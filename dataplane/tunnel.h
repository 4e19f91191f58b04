/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Headers of tunnels: what stands between two packets of which one is in the other. A port alone
 * makes no tunnel: a datagram to one whose first bytes are not those of the protocol is none, and
 * receivers do not take it for one either.
 */

#include "../abi/inner.h"
#include "env.h"
#include "parse_link.h"
#include "parse_transport.h"

#define SL_PORT_GTP    2152
#define SL_PORT_VXLAN  4789
#define SL_PORT_GENEVE 6081

#define SL_PROTO_IP4 4
#define SL_PROTO_IP6 41
#define SL_PROTO_GRE 47

#define SL_ETH_FRAME 0x6558 /* transparent Ethernet bridging: a whole frame */

/* What is behind the tunnel's header. */
enum tunnel_carries {
	TUNNEL_NOTHING, /* that Sluice could read; or there is no tunnel */
	TUNNEL_FRAME,
	TUNNEL_PACKET, /* facts.ethertype says of what protocol */
};

/* The tunnel that the packet's transport header speaks of. */
static __always_inline enum sl_tunnel tunnel_kind(const struct sl_facts *facts)
{
	if (facts->key.l4 == SL_L4_UDP) {
		switch (facts->key.dport) {
		case SL_PORT_VXLAN:
			return SL_TUNNEL_VXLAN;
		case SL_PORT_GENEVE:
			return SL_TUNNEL_GENEVE;
		case SL_PORT_GTP:
			return SL_TUNNEL_GTP;
		}
		return SL_TUNNEL_NONE;
	}
	if (facts->key.l4 != SL_L4_OTHER || facts->key.l3 == SL_L3_OTHER)
		return SL_TUNNEL_NONE;
	switch (facts->key.xport >> SL_XPORT_PROTO_SHIFT & 0xff) {
	case SL_PROTO_IP4:
	case SL_PROTO_IP6:
		return SL_TUNNEL_IPIP;
	case SL_PROTO_GRE:
		return SL_TUNNEL_GRE;
	}
	return SL_TUNNEL_NONE;
}

/* Bytes of the tunnel's header; NULL when they are not all there. Valid until the next call. */
static __always_inline const __u8 *tunnel_header(const struct bpf_dynptr *view,
						 const struct sl_facts *facts, __u32 at,
						 const __u32 len)
{
	void *room = sl_header_room();

	if (!room || at > facts->end || facts->end - at < len)
		return NULL;
	return bpf_dynptr_slice(view, at, room, len);
}

static __always_inline enum tunnel_carries tunnel_bad(struct sl_inner *inner)
{
	inner->facts.reason = SL_REASON_BAD_TUNNEL;
	return TUNNEL_NOTHING;
}

static __always_inline enum tunnel_carries tunnel_is_not(struct sl_inner *inner)
{
	inner->tunnel = SL_TUNNEL_NONE;
	return TUNNEL_NOTHING;
}

/* The packet begins behind a header of that length. */
static __always_inline enum tunnel_carries
tunnel_ends(const struct sl_facts *facts, struct sl_inner *inner, __u32 header_len, __u16 ethertype)
{
	if (header_len > inner->end - facts->payload)
		return tunnel_bad(inner);
	inner->start = facts->payload + header_len;
	if (ethertype == SL_ETH_FRAME)
		return TUNNEL_FRAME;
	inner->facts.ethertype = ethertype;
	return TUNNEL_PACKET;
}

/* RFC 7348, 5: without the I flag a receiver drops it. */
static __always_inline enum tunnel_carries
tunnel_vxlan(const struct bpf_dynptr *view, const struct sl_facts *facts, struct sl_inner *inner)
{
	const __u8 *vxlan = tunnel_header(view, facts, facts->payload, 8);

	if (!vxlan)
		return tunnel_bad(inner);
	if (!(vxlan[0] & 0x08))
		return tunnel_is_not(inner);
	inner->id = sl_get32(vxlan + 4) >> 8;
	inner->has_id = 1;
	return tunnel_ends(facts, inner, 8, SL_ETH_FRAME);
}

/* RFC 8926, 3.4. What the options say is for the receiver: they have one length, which is known. */
static __always_inline enum tunnel_carries
tunnel_geneve(const struct bpf_dynptr *view, const struct sl_facts *facts, struct sl_inner *inner)
{
	const __u8 *geneve = tunnel_header(view, facts, facts->payload, 8);

	if (!geneve)
		return tunnel_bad(inner);
	if (geneve[0] >> 6)
		return tunnel_is_not(inner);
	inner->id = sl_get32(geneve + 4) >> 8;
	inner->has_id = 1;
	return tunnel_ends(facts, inner, 8 + (geneve[0] & 0x3f) * 4, sl_get16(geneve + 2));
}

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY	     0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION  0x0007

/*
 * RFC 2784 and 2890. Of version 1, which PPTP has, nothing more is read. Routes are of RFC 1701,
 * and no receiver takes them any more.
 */
static __always_inline enum tunnel_carries
tunnel_gre(const struct bpf_dynptr *view, const struct sl_facts *facts, struct sl_inner *inner)
{
	const __u8 *gre = tunnel_header(view, facts, facts->payload, 4);
	__u32 flags, at = 4;
	__u16 ethertype;

	if (!gre)
		return tunnel_bad(inner);
	flags = sl_get16(gre);
	ethertype = sl_get16(gre + 2);
	if (flags & GRE_VERSION)
		return TUNNEL_NOTHING;
	if (flags & GRE_ROUTING)
		return tunnel_bad(inner);
	if (flags & GRE_CHECKSUM)
		at += 4;
	if (flags & GRE_KEY) {
		gre = tunnel_header(view, facts, facts->payload + at, 4);
		if (!gre)
			return tunnel_bad(inner);
		inner->id = sl_get32(gre);
		inner->has_id = 1;
		at += 4;
	}
	if (flags & GRE_SEQUENCE)
		at += 4;
	return tunnel_ends(facts, inner, at, ethertype);
}

#define GTP_EXTENSION 0x04
#define GTP_OPTIONAL  0x07 /* any of them: four more bytes */
#define GTP_DATA      255
#define GTP_DEPTH     8

/* The chain of extension headers, 3GPP TS 29.281, 5.2: where it ends; 0: it does not. */
static __always_inline __u32 gtp_extensions(const struct bpf_dynptr *view,
					    const struct sl_facts *facts, __u32 at)
{
	const __u8 *next = tunnel_header(view, facts, at - 1, 1), *length;
	__u32 size;

	for (__u32 i = sl_unknown(0); i <= GTP_DEPTH && sl_can_loop; i++) {
		if (!next)
			return 0;
		if (!*next)
			return at;
		length = tunnel_header(view, facts, at, 1);
		if (!length || !*length)
			return 0;
		size = *length * 4;
		next = tunnel_header(view, facts, at + size - 1, 1);
		at += size;
	}
	return 0;
}

/* Nothing says of what kind the packet is but the packet; 0: neither of these. */
static __always_inline __u16 gtp_ethertype(__u8 version)
{
	return version == 4 ? SL_ETH_IP4 : version == 6 ? SL_ETH_IP6 : 0;
}

/*
 * 3GPP TS 29.281, 5.1, version 1. Messages that are not there to carry a packet are none of the
 * tunnel.
 */
static __always_inline enum tunnel_carries
tunnel_gtp(const struct bpf_dynptr *view, const struct sl_facts *facts, struct sl_inner *inner)
{
	const __u8 *gtp = tunnel_header(view, facts, facts->payload, 8);
	__u32 at = facts->payload + 8, flags, length;

	if (!gtp)
		return tunnel_bad(inner);
	flags = gtp[0];
	if (flags >> 4 != 3 || gtp[1] != GTP_DATA)
		return tunnel_is_not(inner);
	length = sl_get16(gtp + 2);
	inner->id = sl_get32(gtp + 4);
	inner->has_id = 1;
	if (!length && sl_is_gso(facts))
		length = inner->end - at;
	if (length > inner->end - at)
		return tunnel_bad(inner);
	inner->end = at + length;
	if (flags & GTP_OPTIONAL)
		at += 4;
	if (at <= inner->end && (flags & GTP_EXTENSION))
		at = gtp_extensions(view, facts, at);
	if (!at || at >= inner->end)
		return tunnel_bad(inner);
	gtp = tunnel_header(view, facts, at, 1);
	if (!gtp)
		return tunnel_bad(inner);
	inner->start = at;
	inner->facts.ethertype = gtp_ethertype(*gtp >> 4);
	return TUNNEL_PACKET;
}

/* Where the packet in the tunnel begins and ends. Not for fragments, of which nobody knows. */
static __always_inline enum tunnel_carries tunnel_open(SL_CTX *ctx, const struct sl_facts *facts,
						       struct sl_inner *inner)
{
	enum sl_tunnel kind = tunnel_kind(facts);
	struct bpf_dynptr view;

	inner->tunnel = kind;
	inner->end = facts->end;
	if (kind == SL_TUNNEL_NONE)
		return TUNNEL_NOTHING;
	if (sl_view(ctx, &view))
		return tunnel_bad(inner);
	switch (kind) {
	case SL_TUNNEL_VXLAN:
		return tunnel_vxlan(&view, facts, inner);
	case SL_TUNNEL_GENEVE:
		return tunnel_geneve(&view, facts, inner);
	case SL_TUNNEL_GTP:
		return tunnel_gtp(&view, facts, inner);
	case SL_TUNNEL_GRE:
		return tunnel_gre(&view, facts, inner);
	default:
		return tunnel_ends(facts, inner, 0,
				   (facts->key.xport & 0xff) == SL_PROTO_IP4 ? SL_ETH_IP4
									     : SL_ETH_IP6);
	}
}
