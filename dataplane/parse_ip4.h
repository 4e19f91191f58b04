/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "parse_frag.h"
#include "pkt.h"

#define SL_IP4_LEN     20U
#define SL_IP4_MAX_LEN 60U

struct sl_ip4_options {
	__u8 bytes[SL_IP4_MAX_LEN - SL_IP4_LEN];
};

/* RFC 791, 3.1: end (0) and no-operation (1) are single bytes, all others say their length. */
SL_VERIFIED_ONCE bool sl_ip4_options_good(const struct sl_ip4_options *options, __u32 len)
{
	__u32 at = sl_unknown(0);

	if (!options)
		return false;
	while (at < len && sl_can_loop) {
		__u32 kind, size = 1;

		if (at >= sizeof(options->bytes))
			return false;
		kind = options->bytes[at];
		if (kind == 0)
			return true;
		if (kind != 1) {
			if (at + 1 >= len || at + 1 >= sizeof(options->bytes))
				return false;
			size = options->bytes[at + 1];
			if (size < 2 || size > len - at)
				return false;
		}
		at += size;
	}
	return true;
}

static __always_inline bool ip4_options(const struct sl_bytes *from, struct sl_facts *pkt,
					__u32 offset, __u32 len)
{
	struct sl_scratch *scratch = sl_scratch();

	sl_recheck(len);
	if (!scratch || len > sizeof(scratch->options) ||
	    bpf_dynptr_read(scratch->options, len, from->view, offset, 0))
		return false;
	return sl_ip4_options_good((const struct sl_ip4_options *)scratch->options, len);
}

/* A header that contradicts itself: what kind of fragment it says it is may be asked all the same. */
static __always_inline enum sl_step ip4_stop(struct sl_facts *pkt, const __u8 *ip,
					     enum sl_reason reason)
{
	__u16 frag = sl_get16(ip + 6);
	__u64 kind = frag & 0x1fff ? SL_FRAG_LATER : frag & 0x2000 ? SL_FRAG_FIRST : SL_FRAG_NONE;

	pkt->key.xport |= kind << SL_XPORT_FRAG_SHIFT;
	return sl_stop(pkt, reason);
}

/* Of a total length that cannot be, or not with the header's. */
static __always_inline enum sl_reason ip4_bad_length(const struct sl_facts *pkt, __u32 total_len)
{
	return total_len < SL_IP4_LEN || total_len > pkt->length - pkt->network
		       ? SL_REASON_BAD_IP4_LENGTH
		       : SL_REASON_BAD_IHL;
}

static __always_inline enum sl_step parse_ip4(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *ip = sl_header(from, pkt->network, SL_IP4_LEN);
	__u32 header_len, total_len;
	__u8 version, proto;
	__u16 frag;

	if (sl_rare(!ip))
		return sl_stop(pkt, SL_REASON_SHORT_IP4);
	version = ip[0] >> 4;
	header_len = (ip[0] & 0xf) * 4;
	proto = ip[9];
	if (sl_rare(version != 4))
		return sl_stop(pkt, SL_REASON_BAD_IP4_VERSION);

	/* The addresses are where they are whatever the lengths say, so rules may know them. */
	pkt->key.l3 = SL_L3_IP4;
	pkt->key.addr[0] = sl_get64(ip + 12);
	pkt->key.xport = (__u64)proto << SL_XPORT_PROTO_SHIFT |
			 (__u64)(ip[1] >> 2) << SL_XPORT_DSCP_SHIFT |
			 (__u64)ip[8] << SL_XPORT_TTL_SHIFT;
	pkt->key.dport = proto; /* until there are ports */

	total_len = sl_get16(ip + 2);
	/* Linux writes 0 for packets of over 64 KiB that never leave the host in one piece. */
	if (total_len == 0 && sl_is_gso(pkt))
		total_len = pkt->length - pkt->network;
	if (sl_rare(header_len < SL_IP4_LEN))
		return ip4_stop(pkt, ip, SL_REASON_BAD_IHL);
	if (sl_rare(total_len > pkt->length - pkt->network || header_len > total_len))
		return ip4_stop(pkt, ip, ip4_bad_length(pkt, total_len));

	pkt->end = pkt->network + total_len;
	pkt->ip_end = pkt->end;
	pkt->cursor = pkt->network + header_len;
	if (sl_rare(header_len > SL_IP4_LEN) &&
	    !ip4_options(from, pkt, pkt->network + SL_IP4_LEN, header_len - SL_IP4_LEN))
		return ip4_stop(pkt, ip, SL_REASON_BAD_IP4_OPTION);
	/* As it lies in the packet: most are no fragments. */
	if (sl_often(!(*(const __u16 *)(ip + 6) & __builtin_bswap16(0x3fff))))
		return SL_NEXT;
	frag = sl_get16(ip + 6);
	pkt->frag_id = sl_get16(ip + 4);
	return parse_frag(pkt, (frag & 0x1fff) * 8, !!(frag & 0x2000));
}
