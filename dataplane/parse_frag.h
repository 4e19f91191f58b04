/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the IP header of one fragment says, checked against itself. How the fragments of a packet
 * fit together is for track.h.
 */

#include "env.h"
#include "pkt.h"

#define SL_PROTO_TCP  6
#define SL_PROTO_UDP  17
#define SL_PROTO_SCTP 132

/* Bytes of transport header that a first fragment must hold whole. */
static __always_inline __u32 frag_least(__u8 proto)
{
	switch (proto) {
	case SL_PROTO_TCP:
		return 20;
	case SL_PROTO_UDP:
		return 8;
	case SL_PROTO_SCTP:
		return 12;
	default:
		return 8;
	}
}

/* pkt->cursor stands behind the IP headers; a first fragment goes on to its transport header. */
static __always_inline enum sl_step parse_frag(struct sl_pkt *pkt, __u32 offset, bool more)
{
	__u32 len = pkt->end - pkt->cursor;
	__u8 proto = pkt->key.xport >> SL_XPORT_PROTO_SHIFT;
	/* IPv4 counts its header in the 65535 bytes of the whole packet, IPv6 does not. */
	__u32 header = pkt->key.l3 == SL_L3_IP4 ? pkt->cursor - pkt->network : 0;

	pkt->frag = offset ? SL_FRAG_LATER : SL_FRAG_FIRST;
	pkt->frag_offset = offset | (more ? SL_FRAG_MORE : 0);
	pkt->frag_len = len;
	pkt->key.xport |= (__u64)pkt->frag << SL_XPORT_FRAG_SHIFT;

	if (len == 0 || (more && len % 8))
		return sl_stop(pkt, SL_REASON_FRAG_LENGTH);
	if (offset + len + header > 65535)
		return sl_stop(pkt, SL_REASON_FRAG_PAST);
	/*
	 * A later fragment that starts inside the transport header could rewrite it, or complete a
	 * header that the first one cut (RFC 1858, RFC 3128).
	 */
	if (offset && offset < frag_least(proto))
		return sl_stop(pkt, SL_REASON_FRAG_TINY);
	return offset ? SL_STOP : SL_NEXT;
}
