/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * ICMP and flows: a request and its answers are one, and an error belongs to the flow of the packet
 * that it quotes. What else there is in ICMP belongs to none.
 */

#include "env.h"
#include "flow_key.h"
#include "parse_transport.h"

#define FLOW_QUOTED_PORTS 8U /* bytes of the transport header that any error has, RFC 792 */

/* 0: it neither asks nor answers. */
static __always_inline __u8 flow_icmp_request(__u8 l3, __u8 type, bool *answers)
{
	if (l3 == SL_L3_IP6) {
		*answers = type == 129;
		return type == 128 || type == 129 ? 128 : 0;
	}
	switch (type) {
	case 0: /* echo */
		*answers = true;
		return 8;
	case 14: /* timestamp */
	case 16: /* information */
	case 18: /* address mask */
		*answers = true;
		return type - 1;
	case 8:
	case 13:
	case 15:
	case 17:
		*answers = false;
		return type;
	default:
		return 0;
	}
}

/* With redirects, which quote, too. */
static __always_inline bool flow_icmp_is_error(__u8 l3, __u8 type)
{
	if (l3 == SL_L3_IP6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

static __always_inline const __u8 *flow_bytes(SL_CTX *ctx, const struct sl_facts *facts,
					      struct sl_scratch *scratch, __u32 offset,
					      const __u32 len)
{
	struct bpf_dynptr view;

	if (offset > facts->end || facts->end - offset < len || sl_view(ctx, &view) ||
	    bpf_dynptr_read(scratch->header, len, &view, offset, 0))
		return NULL;
	return scratch->header;
}

/* The identifier of a request or an answer. */
static __always_inline bool flow_icmp_key(SL_CTX *ctx, const struct sl_facts *facts,
					  struct sl_scratch *scratch, __u8 request)
{
	const __u8 *bytes = flow_bytes(ctx, facts, scratch, facts->transport, SL_ICMP_LEN);
	struct sl_found *found = &scratch->found;

	if (!bytes)
		return false;
	found->flow_side = flow_key_make(&found->flow_key, facts->key.addr, facts->key.l3,
					 (__u8)(facts->key.xport >> SL_XPORT_PROTO_SHIFT),
					 sl_get16(bytes + 4), request, false);
	return true;
}

/* The IP header that an error quotes; 0, or where the transport's begins. */
static __always_inline __u32 flow_quoted4(SL_CTX *ctx, const struct sl_facts *facts,
					  struct sl_scratch *scratch, __u8 *proto)
{
	const __u8 *ip = flow_bytes(ctx, facts, scratch, facts->payload, 20);

	if (!ip || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || (sl_get16(ip + 6) & 0x1fff))
		return 0;
	*proto = ip[9];
	scratch->found.flow_addr[0] = sl_get64(ip + 12);
	/* Errors go to who sent the packet. */
	if (scratch->found.flow_addr[0] >> 32 != (facts->key.addr[0] & 0xffffffff))
		return 0;
	return facts->payload + (ip[0] & 15) * 4U;
}

/* One with extension headers is not looked into. */
static __always_inline __u32 flow_quoted6(SL_CTX *ctx, const struct sl_facts *facts,
					  struct sl_scratch *scratch, __u8 *proto)
{
	const __u8 *ip = flow_bytes(ctx, facts, scratch, facts->payload, 40);

	if (!ip || ip[0] >> 4 != 6)
		return 0;
	*proto = ip[6];
	for (int i = 0; i < 4; i++)
		scratch->found.flow_addr[i] = sl_get64(ip + 8 + 8 * i);
	if (scratch->found.flow_addr[0] != facts->key.addr[2] ||
	    scratch->found.flow_addr[1] != facts->key.addr[3])
		return 0;
	return facts->payload + 40;
}

/* The key of the packet that an error quotes; found.flow_side is the side that the error comes from. */
SL_VERIFIED_ONCE int sl_flow_quoted(SL_CTX *ctx, const struct sl_facts *facts)
{
	struct sl_scratch *scratch = sl_scratch();
	__u16 sport = 0, dport = 0;
	bool answers, ports = true;
	const __u8 *bytes;
	__u8 proto = 0, l3;
	__u32 at;

	sl_keep(ctx);
	if (!facts || !scratch)
		return 0;
	l3 = facts->key.l3;
	at = l3 == SL_L3_IP4 ? flow_quoted4(ctx, facts, scratch, &proto)
			     : flow_quoted6(ctx, facts, scratch, &proto);
	if (!at)
		return 0;
	bytes = flow_bytes(ctx, facts, scratch, at, FLOW_QUOTED_PORTS);
	if (!bytes)
		return 0;
	if (proto == SL_PROTO_TCP || proto == SL_PROTO_UDP || proto == SL_PROTO_SCTP) {
		sport = sl_get16(bytes);
		dport = sl_get16(bytes + 2);
	} else if (proto == (l3 == SL_L3_IP4 ? SL_PROTO_ICMP : SL_PROTO_ICMP6)) {
		sport = sl_get16(bytes + 4);
		dport = flow_icmp_request(l3, bytes[0], &answers);
		ports = false;
		if (!dport)
			return 0;
	}
	scratch->found.flow_side = !flow_key_make(
		&scratch->found.flow_key, scratch->found.flow_addr, l3, proto, sport, dport, ports);
	return 1;
}
