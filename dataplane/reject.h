/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The answer to a packet that a rule rejects: a TCP reset (RFC 9293, 3.10.7) or ICMP destination
 * unreachable (RFC 792, RFC 4443) with the packet's first bytes. It is made in scratch memory from
 * the IP header on; the entry puts it in the packet's place and sends it back.
 *
 * What is never answered, so that answers cannot be turned against others or go round in circles:
 * fragments behind the first, resets, ICMP that is no query, and what came from or to more than one
 * host (RFC 1122, 3.2.2; RFC 4443, 2.4 (e)). All answers together have one token bucket, as those
 * of Linux have.
 *
 * What a segment carries, two ends have a connection for: a rule that asks for it resets both. The
 * segment becomes a reset that goes on in its place, and a copy the one that goes back. That takes an
 * skb: SL_REJECT_BOTH.
 */

#include "csum.h"
#include "env.h"
#include "op_limit.h"
#include "op_mss.h"
#include "parse_link.h"

#define SL_REJECT_SECOND 1000U /* answers */
#define SL_REJECT_BURST	 200U

#define SL_ANSWER_TTL 64

#define REJECT_NS (1000000000ULL / SL_REJECT_SECOND)

/* The bucket is that of counter slot 0, which no rule has. */
static __always_inline bool reject_due(void)
{
	struct sl_state __arena *state = SL_AT(struct sl_state, SL_ARENA_STATE);
	struct sl_bucket bucket = sl_bucket_of(REJECT_NS << 8, REJECT_NS * SL_REJECT_BURST, 1);

	return sl_bucket_take(&state->limit[0], &bucket);
}

static __always_inline bool reject_is_reset(const struct sl_facts *facts, __u32 kind)
{
	return kind == SL_REJECT_TCP_RESET || kind == SL_REJECT_BOTH ||
	       (kind == SL_REJECT_AUTO && facts->key.l4 == SL_L4_TCP);
}

/* Nobody, everybody, or a group. */
static __always_inline bool reject_addr4_is_odd(__u32 addr)
{
	return !(addr >> 24) || addr >> 28 >= 14;
}

static __always_inline bool reject_addrs_are_odd(const struct sl_key *key)
{
	if (key->l3 == SL_L3_IP4)
		return reject_addr4_is_odd(key->addr[0] >> 32) || reject_addr4_is_odd(key->addr[0]);
	return key->addr[0] >> 56 == 0xff || key->addr[2] >> 56 == 0xff ||
	       !(key->addr[0] | key->addr[1]);
}

static __always_inline bool reject_is_icmp_query(const struct sl_key *key)
{
	if (key->l3 == SL_L3_IP6)
		return key->sport >= 128;
	return key->sport == 8 || key->sport == 13 || key->sport == 15 || key->sport == 17;
}

static __always_inline bool reject_is_silent(const struct bpf_dynptr *view,
					     const struct sl_facts *facts, __u32 kind)
{
	__u64 flags = facts->key.xport >> SL_XPORT_FLAGS_SHIFT & 0xff;
	__u8 macs[12] = {};

	if (facts->reason || !facts->transport || facts->frag == SL_FRAG_LATER ||
	    reject_addrs_are_odd(&facts->key))
		return true;
	if (bpf_dynptr_read(macs, sizeof(macs), view, 0, 0) || ((macs[0] | macs[6]) & 1))
		return true;
	if (facts->key.l4 == SL_L4_TCP && (flags & SL_TCP_RST))
		return true;
	if (facts->key.l4 == SL_L4_ICMP && !reject_is_icmp_query(&facts->key))
		return true;
	/* How long a segment in fragments is, its first one does not say. */
	return reject_is_reset(facts, kind) && (facts->key.l4 != SL_L4_TCP || facts->frag);
}

static __always_inline void put16(__u8 *to, __u16 value)
{
	*(__u16 *)to = __builtin_bswap16(value);
}

static __always_inline void put32(__u8 *to, __u32 value)
{
	*(__u32 *)to = __builtin_bswap32(value);
}

static __always_inline void put64(__u8 *to, __u64 value)
{
	*(__u64 *)to = __builtin_bswap64(value);
}

/* size is a multiple of 4. */
static __always_inline __u64 answer_sum(const __u8 *bytes, __u32 size)
{
	__u64 sum = 0;

	for (__u32 i = sl_unknown(0); i < size && sl_can_loop; i += 4) {
		sl_recheck(i);
		if (i > SL_ANSWER6_MAX - 40)
			break;
		sum += *(const __u32 *)(bytes + i);
	}
	return sum;
}

/* Behind it the transport's data, size bytes; the sum of the pseudo header. */
static __always_inline __u64 answer_ip4(__u8 *ip, const struct sl_key *key, __u32 size, __u8 proto,
					__u8 tos)
{
	put32(ip, 0x45000000U | (__u32)tos << 16 | (20 + size));
	put32(ip + 4, 0x4000); /* do not fragment */
	put32(ip + 8, (__u32)SL_ANSWER_TTL << 24 | (__u32)proto << 16);
	put32(ip + 12, (__u32)key->addr[0]);
	put32(ip + 16, key->addr[0] >> 32);
	*(__u16 *)(ip + 10) = ~csum_fold(answer_sum(ip, 20));
	return answer_sum(ip + 12, 8) + __builtin_bswap16(proto) + __builtin_bswap16(size);
}

static __always_inline __u64 answer_ip6(__u8 *ip, const struct sl_key *key, __u32 size, __u8 proto)
{
	put32(ip, 0x60000000);
	put32(ip + 4, size << 16 | (__u32)proto << 8 | SL_ANSWER_TTL);
	put64(ip + 8, key->addr[2]);
	put64(ip + 16, key->addr[3]);
	put64(ip + 24, key->addr[0]);
	put64(ip + 32, key->addr[1]);
	return answer_sum(ip + 8, 32) + __builtin_bswap16(proto) + __builtin_bswap16(size);
}

/* The header to a segment that has no right to be: it takes back what the segment acknowledges. */
static __always_inline bool answer_tcp(const struct bpf_dynptr *view, const struct sl_facts *facts,
				       __u8 *tcp)
{
	__u8 flags = facts->key.xport >> SL_XPORT_FLAGS_SHIFT;
	__u8 from[12] = {};

	if (bpf_dynptr_read(from, sizeof(from), view, facts->transport, 0))
		return false;
	put16(tcp, facts->key.dport);
	put16(tcp + 2, facts->key.sport);
	if (flags & SL_TCP_ACK) {
		*(__u32 *)(tcp + 4) = *(const __u32 *)(from + 8);
		put32(tcp + 8, 0);
		put32(tcp + 12, 0x50000000U | SL_TCP_RST << 16);
	} else {
		put32(tcp + 4, 0);
		put32(tcp + 8, sl_get32(from + 4) + facts->end - facts->payload +
				       !!(flags & SL_TCP_SYN) + (flags & SL_TCP_FIN));
		put32(tcp + 12, 0x50000000U | (SL_TCP_RST | SL_TCP_ACK) << 16);
	}
	put32(tcp + 16, 0);
	return true;
}

/* Of a segment's header: sequence number and acknowledgement. */
#define ANSWER_NUMBERS 2

static __always_inline void answer_swap(__u8 *a, __u8 *b, const __u32 words)
{
	SL_UNROLL for (__u32 i = 0; i < words; i++)
	{
		__u32 word = ((__u32 *)a)[i];

		((__u32 *)a)[i] = ((__u32 *)b)[i];
		((__u32 *)b)[i] = word;
	}
}

/*
 * Of the reset that went back, the one that goes on: as if the sender of the segment had reset the
 * connection in its place. Its number is the segment's, which is what the receiver waits for (RFC
 * 5961, 3.2); what it acknowledges is true as well, for a receiver that has only sent its SYN.
 */
static __always_inline void sl_answer_onward(struct sl_answer *answer, const struct sl_key *key,
					     const __u32 numbers[ANSWER_NUMBERS])
{
	bool six = key->l3 == SL_L3_IP6;
	__u8 *tcp = answer->bytes + (six ? 40 : 20);
	__u32 acks = key->xport >> SL_XPORT_FLAGS_SHIFT & SL_TCP_ACK;

	if (six)
		answer_swap(answer->bytes + 8, answer->bytes + 24, 4);
	else
		answer_swap(answer->bytes + 12, answer->bytes + 16, 1);
	*(__u32 *)tcp = *(__u32 *)tcp << 16 | *(__u32 *)tcp >> 16; /* ports */
	*(__u32 *)(tcp + 4) = numbers[0];
	*(__u32 *)(tcp + 8) = acks ? numbers[1] : 0;
	put32(tcp + 12, 0x50000000U | (SL_TCP_RST | acks) << 16);
	put32(tcp + 16, 0);
	/* Addresses that change places leave the sums over them as they were. */
	*(__u16 *)(tcp + 16) = ~csum_fold(answer->pseudo + answer_sum(tcp, 20));
}

/* Type and code. */
static __always_inline __u16 answer_icmp_kind(bool six, __u32 kind)
{
	switch (kind) {
	case SL_REJECT_NET:
		return six ? 0x0100 : 0x0300;
	case SL_REJECT_HOST:
		return six ? 0x0103 : 0x0301;
	case SL_REJECT_ADMIN:
		return six ? 0x0101 : 0x030d;
	default:
		return six ? 0x0104 : 0x0303;
	}
}

static __always_inline enum sl_reason answer_reset(const struct bpf_dynptr *view,
						   const struct sl_facts *facts,
						   struct sl_answer *answer, __u32 room)
{
	bool six = facts->key.l3 == SL_L3_IP6;
	__u32 head = six ? 40 : 20;
	__u8 *tcp = answer->bytes + head;
	__u64 pseudo;

	if (room < head + 20 || !answer_tcp(view, facts, tcp))
		return SL_REASON_REJECT_ROOM;
	pseudo = six ? answer_ip6(answer->bytes, &facts->key, 20, 6)
		     : answer_ip4(answer->bytes, &facts->key, 20, 6, 0);
	answer->size = head + 20;
	answer->sum_at = head + 16;
	answer->pseudo = csum_fold(pseudo);
	*(__u16 *)(tcp + 16) = ~csum_fold(pseudo + answer_sum(tcp, 20));
	return SL_REASON_NONE;
}

/* As much of the packet as fits, but not less than what says whose it was: 8 bytes behind IP. */
static __always_inline enum sl_reason answer_icmp(const struct bpf_dynptr *view,
						  const struct sl_facts *facts, __u32 kind,
						  struct sl_answer *answer, __u32 room)
{
	bool six = facts->key.l3 == SL_L3_IP6;
	__u32 head = six ? 40 : 20, max = six ? SL_ANSWER6_MAX : SL_ANSWER4_MAX;
	__u32 quote = facts->ip_end - facts->network;
	__u8 *icmp = answer->bytes + head;
	__u64 pseudo;

	if (room < max)
		max = room;
	if (max < head + 8)
		return SL_REASON_REJECT_ROOM;
	if (quote > max - head - 8)
		quote = (max - head - 8) & ~3U;
	sl_recheck(quote);
	if (quote > SL_ANSWER6_MAX - 48 || quote < facts->transport + 8 - facts->network ||
	    bpf_dynptr_read(icmp + 8, quote, view, facts->network, 0))
		return SL_REASON_REJECT_ROOM;
	/* What the sum takes in beside the last bytes. */
	put32(icmp + 8 + quote, 0);
	put32(icmp, (__u32)answer_icmp_kind(six, kind) << 16);
	put32(icmp + 4, 0);
	if (six) {
		pseudo = answer_ip6(answer->bytes, &facts->key, 8 + quote, 58);
	} else {
		answer_ip4(answer->bytes, &facts->key, 8 + quote, 1, 0xc0);
		pseudo = 0;
	}
	answer->size = head + 8 + quote;
	answer->sum_at = head + 2;
	answer->pseudo = csum_fold(pseudo);
	*(__u16 *)(icmp + 2) = ~csum_fold(pseudo + answer_sum(icmp, (8 + quote + 3) & ~3U));
	return SL_REASON_NONE;
}

/*
 * Makes the answer, in at most room bytes from the IP header on: why there is none, or
 * SL_REASON_NONE.
 */
static __always_inline enum sl_reason sl_answer_make(const struct bpf_dynptr *view,
						     const struct sl_facts *facts, __u32 kind,
						     struct sl_answer *answer, __u32 room)
{
	if (kind >= SL_REJECT_NXDOMAIN) /* it is there: see reply.h */
		return answer->size > room ? SL_REASON_REJECT_ROOM : SL_REASON_NONE;
	if (reject_is_silent(view, facts, kind))
		return SL_REASON_REJECT_SILENT;
	if (!reject_due())
		return SL_REASON_REJECT_LIMIT;
	if (reject_is_reset(facts, kind))
		return answer_reset(view, facts, answer, room);
	return answer_icmp(view, facts, kind, answer, room);
}

/* The frame goes back to where it came from. */
static __always_inline int sl_answer_turn(const struct bpf_dynptr *view)
{
	__u8 macs[12], turned[12];

	if (bpf_dynptr_read(macs, sizeof(macs), view, 0, 0))
		return -1;
	__builtin_memcpy(turned, macs + 6, 6);
	__builtin_memcpy(turned + 6, macs, 6);
	return sl_write(view, 0, turned, sizeof(turned), SL_COVERED_NOT);
}

/* The answer in place of the packet, once the frame has its length. */
static __always_inline int sl_answer_write(const struct bpf_dynptr *view,
					   const struct sl_facts *facts, struct sl_answer *answer)
{
	__u32 size = answer->size;
	int err = sl_answer_turn(view);

	sl_recheck(size);
	if (err)
		return err;
	sl_recheck(size);
	if (size > SL_ANSWER6_MAX)
		return -1;
	return sl_write(view, facts->network, answer->bytes, size, SL_COVERED_BY_SKB);
}
