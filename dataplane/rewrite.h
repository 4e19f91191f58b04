/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Bytes of the packet that a rule sets, and the checksums that cover them. Checksums change by what
 * the bytes change: they are as right, or as wrong, as they were before.
 *
 * Where a byte is says what covers it:
 *   link header        nothing
 *   IPv4 header        its own checksum; the addresses also that of the transport
 *   IPv6 header        the addresses that of the transport
 *   behind it          that of the transport, if it is TCP, UDP, ICMP or ICMPv6. UDP over IPv4 may
 *                      have none. SCTP's is a CRC over all of it, and such a packet is not changed.
 */

#include "csum.h"
#include "env.h"
#include "layer.h"

/* Where the transport's checksum is in its header; 0: it has none that can be put right. */
static __always_inline __u32 rewrite_sum_at(const struct sl_key *key)
{
	switch (key->l4) {
	case SL_L4_TCP:
		return 16;
	case SL_L4_UDP:
		return 6;
	case SL_L4_ICMP:
		return 2;
	default:
		return 0;
	}
}

static __always_inline bool rewrite_is_addr(const struct sl_facts *facts, __u32 offset)
{
	__u32 at = offset - facts->network;

	return facts->key.l3 == SL_L3_IP4 ? at - 12 < 8 : at - 8 < 32;
}

/* Changes bytes; the sums of what changed: of all, and of addresses alone. */
static __always_inline void rewrite_bytes(const struct sl_facts *facts, struct sl_rewrite *rewrite,
					  __u32 *all, __u32 *addrs)
{
	for (__u32 i = sl_unknown(0); i < rewrite->length && sl_can_loop; i++) {
		__u32 at = rewrite->offset + i, diff;
		__u8 old, new;

		if (i >= SL_REWRITE_MAX)
			return;
		old = rewrite->bytes[i];
		new = (old & ~rewrite->mask[i]) | (rewrite->value[i] & rewrite->mask[i]);
		rewrite->bytes[i] = new;
		diff = csum_byte_diff(old, new, (at - facts->network) & 1);
		*all += diff;
		if (rewrite_is_addr(facts, at))
			*addrs += diff;
	}
}

/* The transport's checksum is there, and of UDP it is not 0, which says that there is none. */
static __always_inline bool rewrite_has_sum(const struct bpf_dynptr *view,
					    const struct sl_facts *facts, __u32 *at)
{
	__u16 sum = 0;

	*at = rewrite_sum_at(&facts->key);
	if (!*at || !facts->transport)
		return false;
	*at += facts->transport;
	if (facts->key.l3 == SL_L3_IP4 && facts->key.l4 == SL_L4_ICMP)
		return true;
	if (bpf_dynptr_read(&sum, sizeof(sum), view, *at, 0))
		return false;
	return facts->key.l4 != SL_L4_UDP || sum;
}

/* Where the header ends that a byte is in. */
enum rewrite_part {
	REWRITE_LINK,
	REWRITE_IP4,
	REWRITE_IP6,
	REWRITE_DATA,
	REWRITE_OTHER, /* no IP, or not to be understood to its end */
};

/* A function of its own to the verifier, or both ends of what is set would multiply. */
SL_VERIFIED_ONCE int sl_rewrite_part(const struct sl_facts *facts, __u32 offset)
{
	if (!facts || !facts->network || offset < facts->network)
		return REWRITE_LINK;
	if (!facts->ip_end)
		return REWRITE_OTHER;
	/* Behind the end of a UDP datagram there may be more of its packet, which no sum covers. */
	if (facts->transport && offset >= facts->transport)
		return offset < facts->end ? REWRITE_DATA : REWRITE_OTHER;
	if (facts->key.l3 == SL_L3_IP6)
		return REWRITE_IP6;
	/*
	 * Parsing may have stopped behind the IP header. Of a later fragment, what is there is
	 * covered by a sum that is not here.
	 */
	return facts->transport || offset < facts->cursor ? REWRITE_IP4 : REWRITE_OTHER;
}

/* What could not be done, if anything. */
static __always_inline enum sl_reason rewrite(SL_CTX *ctx, const struct bpf_dynptr *view,
					      const struct sl_facts *facts,
					      struct sl_rewrite *rewrite)
{
	int part = sl_rewrite_part(facts, rewrite->offset);
	__u32 length = rewrite->length, all = 0, addrs = 0, sum_at = 0;
	enum sl_covered covered = SL_COVERED_BY_SKB;
	bool has_sum, is_udp = facts->key.l4 == SL_L4_UDP;
	int err = 0;

	if (part != sl_rewrite_part(facts, rewrite->offset + length - 1))
		return SL_REASON_WRITE_PAST;
	if (facts->key.l4 == SL_L4_SCTP && part == REWRITE_DATA)
		return SL_REASON_WRITE_REFUSED;
	sl_recheck(length);
	if (length > sizeof(rewrite->bytes) ||
	    bpf_dynptr_read(rewrite->bytes, length, view, rewrite->offset, 0))
		return SL_REASON_WRITE_PAST;
	rewrite_bytes(facts, rewrite, &all, &addrs);

	has_sum = (addrs || part == REWRITE_DATA) && rewrite_has_sum(view, facts, &sum_at);
	if (part == REWRITE_LINK)
		covered = SL_COVERED_NOT;
	else if (part == REWRITE_IP4 || (part == REWRITE_DATA && has_sum))
		covered = SL_COVERED;
	/* Linux 6.12 has forgotten by now. */
	sl_recheck(length);
	if (length > sizeof(rewrite->bytes))
		return SL_REASON_WRITE_PAST;
	err = sl_write(view, rewrite->offset, rewrite->bytes, length, covered);
	if (!err && part == REWRITE_IP4)
		err = sl_fix_sum(ctx, view, facts->network + 10, csum_fold(all), SL_SUM_IP4, false);
	if (!err && part == REWRITE_DATA && has_sum)
		err = sl_fix_sum(ctx, view, sum_at, csum_fold(all), SL_SUM_DATA, is_udp);
	/* ICMP of IPv4 is not covered with addresses. */
	if (facts->key.l3 == SL_L3_IP4 && facts->key.l4 == SL_L4_ICMP)
		has_sum = false;
	if (!err && addrs && has_sum && (part == REWRITE_IP4 || part == REWRITE_IP6))
		err = sl_fix_sum(ctx, view, sum_at, csum_fold(addrs), SL_SUM_PSEUDO, is_udp);
	return err ? SL_REASON_WRITE_REFUSED : SL_REASON_NONE;
}
