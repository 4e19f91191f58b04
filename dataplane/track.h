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

static __always_inline void piece_fill(struct sl_piece *piece, const struct sl_pkt *pkt, __u8 slot)
{
	*piece = (struct sl_piece) {};
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
	piece->end = ((pkt->frag_offset & ~SL_FRAG_MORE) + pkt->frag_len + 7) / 8;
	piece->kind = pkt->frag;
	piece->is_last = !(pkt->frag_offset & SL_FRAG_MORE);
}

static __always_inline __u32 frag_popcount(__u64 x)
{
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return x * 0x0101010101010101ULL >> 56;
}

/* Ones from bit low up to bit high of a word; low < high <= 64. */
static __always_inline __u64 frag_mask(__u32 low, __u32 high)
{
	return (~0ULL << (low & 63)) & (~0ULL >> ((64 - high) & 63));
}

static __always_inline __u32 frag_mark_word(struct sl_frag *frag, __u32 word, __u64 mask)
{
	return frag_popcount(__sync_fetch_and_or(&frag->seen[word & (SL_FRAG_WORDS - 1)], mask) &
			     mask);
}

/* Head, whole words, tail: in a loop without branches the verifier walks each word once. */
static __always_inline __u32 frag_mark(struct sl_frag *frag, __u32 first, __u32 end)
{
	__u32 head = first / 64, tail = (end - 1) / 64;
	__u32 before = 0;

	if (head == tail)
		return frag_mark_word(frag, head, frag_mask(first % 64, (end - 1) % 64 + 1));
	before += frag_mark_word(frag, head, frag_mask(first % 64, 64));
	for (__u32 i = 1; i < SL_FRAG_WORDS && head + i < tail; i++)
		before += frag_mark_word(frag, head + i, ~0ULL);
	return before + frag_mark_word(frag, tail, frag_mask(0, (end - 1) % 64 + 1));
}

/*
 * Marks the units from first up to end as seen; how many of them were so before. A global function
 * to the verifier: walked once, with any arguments, and not once for each way that leads here.
 */
SL_VERIFIED_ONCE __u32 sl_frag_mark(struct sl_frag *frag, __u32 first, __u32 end)
{
	if (!frag || first >= end || end > SL_FRAG_WORDS * 64)
		return 0;
	return frag_mark(frag, first, end);
}

/* A second end that is not the first one, or bytes behind it: receivers differ on what holds. */
static __always_inline bool frag_past_last(const struct sl_frag *frag, const struct sl_piece *piece)
{
	if (!(frag->flags & SL_FRAG_LAST_SEEN))
		return false;
	return piece->end > frag->total || (piece->is_last && piece->end != frag->total);
}

static __always_inline enum sl_reason frag_fit(struct sl_frag *frag, const struct sl_piece *piece)
{
	__u32 units = piece->end - piece->first;
	__u32 before;

	if (frag->flags & SL_FRAG_POISONED)
		return SL_REASON_FRAG_OVERLAP;
	if (frag_past_last(frag, piece)) {
		__sync_fetch_and_or(&frag->flags, SL_FRAG_POISONED);
		return SL_REASON_FRAG_OVERLAP;
	}
	before = sl_frag_mark(frag, piece->first, piece->end);
	if (before == units)
		return SL_REASON_FRAG_DUPLICATE;
	/* The last one, and some of those that came before lie behind it. */
	if (before || (piece->is_last && frag->top > piece->end)) {
		__sync_fetch_and_or(&frag->flags, SL_FRAG_POISONED);
		return SL_REASON_FRAG_OVERLAP;
	}
	if (piece->end > frag->top)
		frag->top = piece->end;
	__sync_fetch_and_add(&frag->got, units);
	if (piece->is_last) {
		frag->total = piece->end;
		__sync_fetch_and_or(&frag->flags, SL_FRAG_LAST_SEEN);
	}
	return SL_REASON_NONE;
}

static __always_inline bool frag_complete(const struct sl_frag *frag)
{
	return (frag->flags & SL_FRAG_LAST_SEEN) && frag->got == frag->total;
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
		piece->arg = frag->arg;
	} else if (!piece->reason) {
		piece->reason = SL_REASON_FRAG_ORPHAN;
	}
	if (frag && frag_complete(frag))
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
	frag->arg = piece->arg;
	__sync_fetch_and_or(&frag->flags, SL_FRAG_FIRST_SEEN);
	/* The first came last: nobody will ask, and the id may be used again. */
	if (frag_complete(frag))
		sl_frag_forget(&piece->key);
}
