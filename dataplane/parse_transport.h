/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "parse_frag.h"
#include "pkt.h"

#define SL_PROTO_ICMP  1
#define SL_PROTO_ESP   50
#define SL_PROTO_ICMP6 58

#define SL_TCP_LEN  20U
#define SL_UDP_LEN  8U
#define SL_SCTP_LEN 12U
#define SL_ICMP_LEN 8U

/* In a first fragment, a header that is cut short was cut by whoever made the fragments. */
static __always_inline enum sl_step transport_cut(struct sl_facts *pkt, enum sl_reason reason)
{
	return sl_stop(pkt, pkt->frag ? SL_REASON_FRAG_TINY : reason);
}

/* The transport header's fixed part; NULL when the packet, not only the frame, ends before it. */
static __always_inline const __u8 *transport_header(const struct sl_bytes *from,
						    const struct sl_facts *pkt, const __u32 len)
{
	if (pkt->end - pkt->transport < len)
		return NULL;
	return sl_header(from, pkt->transport, len);
}

static __always_inline void transport_ports(struct sl_facts *pkt, const __u8 *header, enum sl_l4 l4)
{
	pkt->key.l4 = l4;
	pkt->key.sport = sl_get16(header);
	pkt->key.dport = sl_get16(header + 2);
}

static __always_inline enum sl_step parse_tcp(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *tcp = transport_header(from, pkt, SL_TCP_LEN);
	__u32 header_len;

	if (sl_rare(!tcp))
		return transport_cut(pkt, SL_REASON_SHORT_TCP);
	header_len = (tcp[12] >> 4) * 4;
	if (sl_rare(header_len < SL_TCP_LEN))
		return sl_stop(pkt, SL_REASON_BAD_DOFF);
	if (sl_rare(header_len > pkt->end - pkt->transport))
		return transport_cut(pkt, SL_REASON_BAD_DOFF);
	transport_ports(pkt, tcp, SL_L4_TCP);
	pkt->key.xport |= (__u64)tcp[13] << SL_XPORT_FLAGS_SHIFT;
	pkt->payload = pkt->transport + header_len;
	return SL_NEXT;
}

static __always_inline enum sl_step parse_udp(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *udp = transport_header(from, pkt, SL_UDP_LEN);
	__u32 len;

	if (!udp)
		return transport_cut(pkt, SL_REASON_SHORT_UDP);
	len = sl_get16(udp + 4);
	if (len == 0 && sl_is_gso(pkt))
		len = pkt->end - pkt->cursor;
	/* The length of a fragmented datagram is that of the whole, not of its first fragment. */
	if (len < SL_UDP_LEN || (!pkt->frag && len > pkt->end - pkt->cursor))
		return sl_stop(pkt, SL_REASON_BAD_UDP_LENGTH);
	if (!pkt->frag)
		pkt->end = pkt->cursor + len;
	transport_ports(pkt, udp, SL_L4_UDP);
	pkt->payload = pkt->cursor + SL_UDP_LEN;
	return SL_NEXT;
}

static __always_inline enum sl_step parse_sctp(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *sctp = transport_header(from, pkt, SL_SCTP_LEN);

	if (!sctp)
		return transport_cut(pkt, SL_REASON_SHORT_SCTP);
	transport_ports(pkt, sctp, SL_L4_SCTP);
	pkt->payload = pkt->cursor + SL_SCTP_LEN;
	return SL_NEXT;
}

static __always_inline enum sl_step parse_icmp(const struct sl_bytes *from, struct sl_facts *pkt,
					       enum sl_reason reason)
{
	const __u8 *icmp = transport_header(from, pkt, SL_ICMP_LEN);

	if (!icmp)
		return transport_cut(pkt, reason);
	pkt->key.l4 = SL_L4_ICMP;
	pkt->key.sport = icmp[0];
	pkt->key.dport = icmp[1];
	pkt->payload = pkt->cursor + SL_ICMP_LEN;
	return SL_NEXT;
}

static __always_inline enum sl_step parse_transport(const struct sl_bytes *from,
						    struct sl_facts *pkt)
{
	__u8 proto = pkt->key.xport >> SL_XPORT_PROTO_SHIFT;

	pkt->transport = pkt->cursor;
	if (sl_often(proto == SL_PROTO_TCP))
		return parse_tcp(from, pkt);
	switch (proto) {
	case SL_PROTO_UDP:
		return parse_udp(from, pkt);
	case SL_PROTO_SCTP:
		return parse_sctp(from, pkt);
	case SL_PROTO_ICMP:
		/* Carried by the other family's IP it means nothing, and is judged by its number. */
		if (pkt->key.l3 == SL_L3_IP4)
			return parse_icmp(from, pkt, SL_REASON_SHORT_ICMP);
		break;
	case SL_PROTO_ICMP6:
		if (pkt->key.l3 == SL_L3_IP6)
			return parse_icmp(from, pkt, SL_REASON_SHORT_ICMP6);
		break;
	case SL_PROTO_ESP:
		/* An extension header, too, but what is behind it cannot be read. */
		if (pkt->key.l3 == SL_L3_IP6)
			pkt->key.xport |= 1ULL << (SL_XPORT_EXT_SHIFT + SL_EXT_ESP);
		break;
	}
	pkt->payload = pkt->cursor;
	return SL_NEXT;
}
