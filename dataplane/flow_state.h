/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What state a flow is in. The same packet seen at two hooks changes nothing the second time. Neither
 * sequence numbers nor windows are looked at.
 *
 * TCP: new from the client's SYN on, established from the server's SYN-ACK on, closing from the
 * first FIN or RST on. A flow whose beginning was not seen, or of which only the client's side is, is
 * midstream. Others: new until the other side has answered.
 */

#include "../abi/flow.h"
#include "inline.h"
#include "parse_transport.h"

#define FLOW_FIN 0x01U
#define FLOW_SYN 0x02U
#define FLOW_RST 0x04U
#define FLOW_ACK 0x10U

static __always_inline bool flow_is_syn(__u8 flags)
{
	return (flags & (FLOW_FIN | FLOW_SYN | FLOW_RST | FLOW_ACK)) == FLOW_SYN;
}

static __always_inline bool flow_is_syn_ack(__u8 flags)
{
	return (flags & (FLOW_FIN | FLOW_SYN | FLOW_RST | FLOW_ACK)) == (FLOW_SYN | FLOW_ACK);
}

static __always_inline __u32 flow_first_tcp(__u8 flags)
{
	if (flow_is_syn(flags))
		return SL_FLOW_NEW;
	return flags & (FLOW_FIN | FLOW_RST) ? SL_FLOW_CLOSING : SL_FLOW_MIDSTREAM;
}

static __always_inline __u32 flow_next_new(__u32 state, __u8 flags, bool from_client)
{
	if (flags & FLOW_SYN)
		return !from_client && flow_is_syn_ack(flags) ? SL_FLOW_ESTABLISHED : state;
	/* Acknowledges what was not seen here: the answer takes another way. */
	return from_client && (flags & FLOW_ACK) ? SL_FLOW_MIDSTREAM : state;
}

static __always_inline __u32 flow_next_tcp(__u32 state, __u8 flags, bool from_client)
{
	if (SL_FLOW_STATE(state) == SL_FLOW_CLOSING)
		return state;
	if (flags & (FLOW_FIN | FLOW_RST))
		return SL_FLOW_CLOSING | (state & SL_FLOW_SHAKEN);
	if (SL_FLOW_STATE(state) == SL_FLOW_NEW)
		return flow_next_new(state, flags, from_client);
	if (SL_FLOW_STATE(state) == SL_FLOW_ESTABLISHED && from_client && (flags & FLOW_ACK))
		return state | SL_FLOW_SHAKEN;
	return state;
}

static __always_inline __u32 flow_next(__u32 state, __u8 proto, __u8 flags, bool from_client)
{
	if (proto == SL_PROTO_TCP)
		return flow_next_tcp(state, flags, from_client);
	return !from_client && state == SL_FLOW_NEW ? SL_FLOW_ESTABLISHED : state;
}

/* Which timeout it has. Until both have shown that they are there, that of a new flow. */
static __always_inline __u32 flow_class(__u32 state, __u8 proto)
{
	__u32 now = SL_FLOW_STATE(state);

	switch (proto) {
	case SL_PROTO_TCP:
		if (now == SL_FLOW_CLOSING)
			return SL_FLOW_CLASS_TCP_CLOSING;
		if (now == SL_FLOW_MIDSTREAM)
			return SL_FLOW_CLASS_TCP_MIDSTREAM;
		return state & SL_FLOW_SHAKEN ? SL_FLOW_CLASS_TCP_ESTABLISHED
					      : SL_FLOW_CLASS_TCP_NEW;
	case SL_PROTO_UDP:
		return now == SL_FLOW_NEW ? SL_FLOW_CLASS_UDP_NEW : SL_FLOW_CLASS_UDP_ESTABLISHED;
	case SL_PROTO_ICMP:
	case SL_PROTO_ICMP6:
		return SL_FLOW_CLASS_ICMP;
	default:
		return SL_FLOW_CLASS_OTHER;
	}
}
