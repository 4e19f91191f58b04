/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "../abi/reason.h"
#include "../abi/rule.h"
#include "arena.h"
#include "inline.h"
#include "view.h"

/*
 * The header window: one slice at the start of the frame that holds all headers of a common packet.
 * A slice's length is a constant to the verifier, so there is a ladder of lengths; the entry takes
 * the longest that fits. What lies past the window costs a slice of its own.
 */
#define SL_WINDOW_LONG	96U /* two tags, IPv6, TCP */
#define SL_WINDOW_SHORT 54U /* Ethernet, IPv4, TCP: what a frame of minimal size holds */
#define SL_WINDOW_TINY	14U /* Ethernet */

/* Tags to be taken off and put on when the packet leaves: see op_vlan.h. */
#define SL_PUSHES 3

struct sl_tagging {
	__u16 pops;
	__u16 pushes;
	__u32 tag[SL_PUSHES]; /* ethertype << 16 | TCI; the last one is the outermost */
};

#define SL_FRAG_MORE 1U

/*
 * What is known of a packet, without pointers: what a global function can be handed. The verifier
 * takes such a function apart once, and forgets over its call what it knew of memory handed in.
 */
struct sl_facts {
	__u32 length; /* of the frame, as the view has it */
	__u32 bytes; /* what is counted: with the tag that was taken out of the frame */
	__u32 cursor; /* next byte to parse */
	__u32 frag_id;

	/* Set by the entry. */
	__u16 vlan_tci; /* a tag that the NIC or the kernel took out of the frame */
	__u8 has_vlan_tci;
	__u8 is_gso; /* many segments in one: the IP length may say 0 (BIG TCP) */

	/* All zero in most packets: see sl_pkt_is_plain(). */
	__u8 reason; /* enum sl_reason: the first that parsing met */
	__u8 frag; /* enum sl_frag_kind */
	__u8 blind; /* enum sl_reason of class BLIND: the first that a stage met */
	__u8 undone; /* enum sl_reason: the first thing that a rule says and that could not be done */

	/* Of a fragment only. */
	__u16 frag_offset; /* bytes, a multiple of 8; SL_FRAG_MORE: this is not the last one */
	__u16 frag_len; /* bytes behind the IP headers */

	__u8 hook; /* enum sl_hook */
	__u8 tags; /* VLAN tags */
	__u16 ethertype; /* host order, after all tags */

	/* Offsets from the start of the frame; 0 until reached. */
	__u32 network;
	__u32 transport;
	__u32 payload;
	__u32 end; /* of the transport's data: what lies past it is padding */
	__u32 ip_end; /* of the IP packet: a UDP datagram may end before */

	struct sl_tagging tagging;
	__u32 frame; /* of a packet in a tunnel only: where its Ethernet header is; 0: has none */
	struct sl_key key; /* addr[1] to [3]: of IPv6 only */
};

/* Where the bytes of a packet are. */
struct sl_bytes {
	SL_CTX *ctx;
	const struct bpf_dynptr *view;
	const __u8 *window;
	__s64 window_len; /* 64 bits, or the verifier loses it with the next store beside it */
};

/* The members of both are the packet's. Parsers get them apart: see inner.h. */
struct sl_pkt {
	struct sl_bytes;
	struct sl_facts;
};

static __always_inline struct sl_facts *sl_facts_of(struct sl_pkt *pkt)
{
	return (struct sl_facts *)&pkt->length;
}

static __always_inline struct sl_bytes *sl_bytes_of(struct sl_pkt *pkt)
{
	return (struct sl_bytes *)&pkt->ctx;
}

/* Eight bytes at a time: what lies together goes at once. */
#define pkt_zero(pkt, member, zero)                                                            \
	do {                                                                                   \
		_Static_assert(offsetof(struct sl_pkt, member) % 8 == 0, "a word of its own"); \
		__builtin_memcpy((char *)(pkt) + offsetof(struct sl_pkt, member), &(zero), 8); \
	} while (0)
_Static_assert(offsetof(struct sl_pkt, reason) == offsetof(struct sl_pkt, vlan_tci) + 4 &&
		       offsetof(struct sl_pkt, undone) == offsetof(struct sl_pkt, reason) + 3 &&
		       offsetof(struct sl_pkt, ethertype) ==
			       offsetof(struct sl_pkt, frag_offset) + 6 &&
		       offsetof(struct sl_pkt, tagging) == offsetof(struct sl_pkt, ip_end) + 4,
	       "pkt_zero");

/* Of the hook in the word that begins with frag_offset. */
#define PKT_HOOK_SHIFT (8 * (offsetof(struct sl_pkt, hook) - offsetof(struct sl_pkt, frag_offset)))

/*
 * Only what a parser may leave unset is cleared: a store for each field of each packet would cost
 * more than the parsing. The packet is kept in memory on purpose: in clang 19's registers, of which
 * BPF has ten, it is spilled at every branch (7 ns a packet more, measured on 6.18). Zeros are such
 * that the verifier does not know: a byte of which it knows that it is zero is never the same to it
 * as one of which it does not, and it would go through the rules once for each such difference.
 */
static __always_inline void sl_pkt_init(struct sl_pkt *pkt, SL_CTX *ctx,
					const struct bpf_dynptr *view, enum sl_hook hook)
{
	const __u64 zero = sl_unknown(0);
	const __u64 word = zero + ((__u64)hook << PKT_HOOK_SHIFT);

	pkt->ctx = ctx;
	pkt->view = view;
	pkt_zero(pkt, vlan_tci, zero); /* to undone */
	pkt_zero(pkt, frag_offset, word); /* to ethertype */
	pkt_zero(pkt, network, zero); /* and transport */
	pkt_zero(pkt, payload, zero); /* and end */
	pkt_zero(pkt, ip_end, zero); /* and tagging.pops, tagging.pushes */
	pkt_zero(pkt, key.link, zero);
	pkt_zero(pkt, key.xport, zero);
	pkt_zero(pkt, key.addr[0], zero);
	pkt_zero(pkt, key.sport, zero); /* to l4 */
	pkt_zero(pkt, key.from, zero);
	asm volatile("" : "+m"(*pkt));
}

/* Only an skb can be many segments in one. */
static __always_inline bool sl_is_gso(const struct sl_facts *pkt)
{
#ifdef SL_HAS_SKB
	return pkt->is_gso;
#else
	(void)pkt;
	return false;
#endif
}

/* No reason was met, and it is whole: one look for most packets. */
static __always_inline bool sl_pkt_is_plain(const struct sl_pkt *pkt)
{
	__u32 word;

	__builtin_memcpy(&word, &pkt->reason, sizeof(word));
	return sl_often(!word);
}

/* The first is the one that counts. */
static __always_inline void sl_undone(struct sl_facts *facts, enum sl_reason reason)
{
	if (!facts->undone)
		facts->undone = reason;
}

static __always_inline void sl_blind(struct sl_facts *facts, enum sl_reason reason)
{
	if (!facts->blind)
		facts->blind = reason;
}

/* A parser ends with SL_NEXT, or with the reason why there is nothing more to parse. */
enum sl_step {
	SL_NEXT,
	SL_STOP,
};

static __always_inline enum sl_step sl_stop(struct sl_facts *pkt, enum sl_reason reason)
{
	pkt->reason = reason;
	return SL_STOP;
}

#define SL_HEADER_MAX 40U

/* Where a header is copied to when it does not lie in one piece: see env.h. */
static __always_inline void *sl_header_room(void);

/*
 * len bytes at offset, from the window if they are there; NULL past the end. len is a constant. Valid
 * until the next call.
 */
static __always_inline const void *sl_header(const struct sl_bytes *from, __u32 offset,
					     const __u32 len)
{
	void *room;

	/* In this form the comparison bounds offset itself, which is what the verifier wants. */
	if (sl_often((__s64)(__u64)offset <= from->window_len - (__s64)len))
		return from->window + offset;
	room = sl_header_room();
	return room ? bpf_dynptr_slice(from->view, offset, room, len) : NULL;
}

/* Packets hold big-endian words at any address; both sides of the build read them unaligned. */
static __always_inline __u16 sl_get16(const void *p)
{
	return __builtin_bswap16(*(const __u16 *)p);
}

static __always_inline __u32 sl_get32(const void *p)
{
	return __builtin_bswap32(*(const __u32 *)p);
}

static __always_inline __u64 sl_get64(const void *p)
{
	return __builtin_bswap64(*(const __u64 *)p);
}
