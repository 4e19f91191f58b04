/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Fragments of one packet, told apart and held together. Which 8-byte units of the packet have
 * been seen is a bitmap, so an overlap is found whatever order the fragments come in. The first
 * fragment is judged by the rules and leaves its verdict; later ones take it. A packet whose
 * fragments overlap is lost as a whole, as RFC 5722 asks of IPv6 and Linux does for IPv4: who
 * accepts either copy lets an attacker pick the one that the receiver keeps.
 *
 * Two things depend on where this runs, and are declared here only:
 *   sl_frag_get()     the entry of a packet, made when missing; NULL when there is no memory
 *   sl_frag_forget()  removes the entry
 */

#include "../abi/frag.h"
#include "classify.h"
#include "pkt.h"

static __always_inline struct sl_frag *sl_frag_get(const struct sl_frag_key *key);
static __always_inline void sl_frag_forget(const struct sl_frag_key *key);

#define SL_FRAG_WORDS 128U

/* One fragment, apart from the packet, which must not be forced into memory for it. */
struct sl_piece {
	struct sl_frag_key key;
	__u16 first; /* 8-byte units */
	__u16 end;
	__u8 kind; /* enum sl_frag_kind */
	__u8 is_last;
	__u16 reason; /* out: enum sl_reason */
	__u32 verdict; /* in and out, as in struct sl_decision */
	__u32 slot;
};

static __always_inline void piece_fill(struct sl_piece *piece, const struct sl_pkt *pkt, __u8 slot)
{
	*piece = (struct sl_piece){};
	piece->key.addr[0] = pkt->key.addr[0];
	if (pkt->key.l3 == SL_L3_IP4) {
		piece->key.proto = pkt->key.xport >> SL_XPORT_PROTO_SHIFT;
	} else {
		piece->key.addr[1] = pkt->key.addr[1];
		piece->key.addr[2] = pkt->key.addr[2];
		piece->key.addr[3] = pkt->key.addr[3];
	}
	piece->key.id = pkt->frag_id;
	piece->key.l3 = pkt->key.l3;
	piece->key.hook = pkt->hook;
	piece->key.slot = slot;
	piece->key.vlan = (pkt->key.link >> SL_LINK_VLAN_SHIFT) & 0xfff;
	piece->key.ivlan = (pkt->key.link >> SL_LINK_IVLAN_SHIFT) & 0xfff;
	piece->first = pkt->frag_offset / 8;
	piece->end = (pkt->frag_offset + pkt->frag_len + 7) / 8;
	piece->kind = pkt->frag;
	piece->is_last = !pkt->more_frags;
}

static __always_inline __u32 frag_popcount(__u64 x)
{
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return x * 0x0101010101010101ULL >> 56;
}

static __always_inline __u32 frag_mark(struct sl_frag *frag, __u32 first, __u32 end)
{
	__u32 before = 0;

	for (__u32 i = 0; i < SL_FRAG_WORDS; i++) {
		__u32 word = first / 64 + i;
		__u32 low = word * 64;
		__u64 mask = ~0ULL;

		if (low >= end)
			break;
		if (first > low)
			mask &= ~0ULL << (first - low);
		if (end - low < 64)
			mask &= ~0ULL >> (64 - (end - low));
		word &= SL_FRAG_WORDS - 1;
		before += frag_popcount(__sync_fetch_and_or(&frag->seen[word], mask) & mask);
	}
	return before;
}

/*
 * Marks the units from first up to end as seen; how many of them were so before. A global function
 * to the verifier: walked once, with any arguments, and not once for each way that leads here.
 */
SL_VERIFIED_ONCE __u32 sl_frag_mark(struct sl_frag *frag, __u32 first, __u32 end)
{
	if (!frag || end > SL_FRAG_WORDS * 64)
		return 0;
	return frag_mark(frag, first, end);
}

static __always_inline enum sl_reason frag_fit(struct sl_frag *frag, const struct sl_piece *piece)
{
	__u32 units = piece->end - piece->first;
	__u32 before;

	if (frag->flags & SL_FRAG_POISONED)
		return SL_REASON_FRAG_OVERLAP;
	before = sl_frag_mark(frag, piece->first, piece->end);
	if (before == units)
		return SL_REASON_FRAG_DUPLICATE;
	if (before) {
		__sync_fetch_and_or(&frag->flags, SL_FRAG_POISONED);
		return SL_REASON_FRAG_OVERLAP;
	}
	__sync_fetch_and_add(&frag->got, units);
	if (piece->is_last) {
		frag->total = piece->end;
		__sync_fetch_and_or(&frag->flags, SL_FRAG_LAST_SEEN);
	}
	return SL_REASON_NONE;
}

/*
 * A fragment meets the others of its packet: piece->reason says what is wrong with it, or
 * piece->verdict what the first one got. Out of line: fragments are rare, and the hot path stays
 * short.
 */
static __noinline void sl_track(struct sl_piece *piece)
{
	struct sl_frag *frag = sl_frag_get(&piece->key);

	if (frag)
		piece->reason = frag_fit(frag, piece);
	if (piece->kind != SL_FRAG_LATER)
		return;
	if (frag && (frag->flags & SL_FRAG_FIRST_SEEN)) {
		piece->verdict = frag->verdict;
		piece->slot = frag->slot;
	} else if (!piece->reason) {
		piece->reason = SL_REASON_FRAG_ORPHAN;
	}
	if (frag && (frag->flags & SL_FRAG_LAST_SEEN) && frag->got == frag->total)
		sl_frag_forget(&piece->key);
}

/* What the first fragment got is what the later ones will get. */
static __noinline void sl_track_verdict(const struct sl_piece *piece)
{
	struct sl_frag *frag = sl_frag_get(&piece->key);

	if (!frag)
		return;
	frag->verdict = piece->verdict;
	frag->slot = piece->slot;
	__sync_fetch_and_or(&frag->flags, SL_FRAG_FIRST_SEEN);
}
