/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * VLAN tags. Those in the frame are changed where they are. The outermost one may be in the skb and
 * not in the frame, and tags come and go: that is noted, and done when the packet leaves, so that
 * what lies where in the frame does not change while rules are asked. Rules behind see the tags as
 * they will be.
 */

#include "env.h"
#include "parse_link.h"

#define SL_TCI_ID  0x0fffU
#define SL_TCI_PCP 0xe000U

/* Tags that are the packet's own and not to be taken off. */
static __always_inline __u32 vlan_own(const struct sl_facts *facts)
{
	return facts->tags - facts->tagging.pops;
}

static __always_inline __u16 vlan_change(__u16 tci, const struct sl_op_vlan __arena *op)
{
	if (op->change == SL_VLAN_ID)
		return (tci & ~SL_TCI_ID) | (op->op.arg & SL_TCI_ID);
	return (tci & ~SL_TCI_PCP) | (op->op.arg << 13 & SL_TCI_PCP);
}

/* The words that rules see of a packet whose tags are these, the outer one first; -1: none. */
static __always_inline void vlan_key(struct sl_facts *facts, __u32 count, int outer, int inner)
{
	const __u64 all = 0xfffULL << SL_LINK_VLAN_SHIFT | 7ULL << SL_LINK_PCP_SHIFT |
			  0xfffULL << SL_LINK_IVLAN_SHIFT | 7ULL << SL_LINK_IPCP_SHIFT |
			  7ULL << SL_LINK_TAGS_SHIFT;
	__u64 link = facts->key.link & ~all;

	/* Rules know of this many; with what they put on there may be more. */
	if (count > SL_VLAN_DEPTH)
		count = SL_VLAN_DEPTH;
	if (outer >= 0)
		link |= (__u64)(outer & 0xfff) << SL_LINK_VLAN_SHIFT | (__u64)(outer >> 13 & 7)
									       << SL_LINK_PCP_SHIFT;
	if (inner >= 0)
		link |= (__u64)(inner & 0xfff) << SL_LINK_IVLAN_SHIFT |
			(__u64)(inner >> 13 & 7) << SL_LINK_IPCP_SHIFT;
	facts->key.link = link | (__u64)(count & 7) << SL_LINK_TAGS_SHIFT;
}

/* The TCI of the packet's own tag at a place, 0 for the outermost; -1: there is none. */
static __always_inline int vlan_tci(const struct bpf_dynptr *view, const struct sl_facts *facts,
				    __u32 place)
{
	__u16 tci = 0;

	if (place >= facts->tags)
		return -1;
	if (facts->has_vlan_tci && !place)
		return facts->vlan_tci;
	place -= facts->has_vlan_tci;
	if (bpf_dynptr_read(&tci, sizeof(tci), view, SL_ETHERNET_LEN + SL_VLAN_LEN * place, 0))
		return -1;
	return __builtin_bswap16(tci);
}

/* The same of the tags as they will be. */
static __always_inline int vlan_tci_then(const struct bpf_dynptr *view,
					 const struct sl_facts *facts, __u32 place)
{
	const struct sl_tagging *tagging = &facts->tagging;

	if (place < tagging->pushes) {
		place = tagging->pushes - 1 - place;
		return place < SL_PUSHES ? (int)(tagging->tag[place] & 0xffff) : -1;
	}
	return vlan_tci(view, facts, place - tagging->pushes + tagging->pops);
}

static __always_inline bool vlan_push(struct sl_facts *facts, __u32 tag)
{
	__u32 place = facts->tagging.pushes;

	sl_recheck(place);
	if (place >= SL_PUSHES)
		return false;
	facts->tagging.tag[place] = tag;
	facts->tagging.pushes = place + 1;
	return true;
}

static __always_inline bool vlan_pop(struct sl_facts *facts)
{
	if (facts->tagging.pushes)
		facts->tagging.pushes--;
	else if (vlan_own(facts))
		facts->tagging.pops++;
	else
		return false;
	return true;
}

/* Is the outer tag, as it will be, in the frame and to stay there? */
static __always_inline bool vlan_in_frame(const struct sl_facts *facts)
{
	return !facts->tagging.pushes && vlan_own(facts) &&
	       facts->tagging.pops >= facts->has_vlan_tci;
}

#ifdef SL_HAS_SKB
/* A tag that is not in the frame is taken off, and put on as it is to be. */
static __always_inline bool vlan_exchange(SL_CTX *ctx, const struct bpf_dynptr *view,
					  struct sl_facts *facts,
					  const struct sl_op_vlan __arena *op)
{
	int tci = vlan_tci_then(view, facts, 0);
	__u32 proto = sl_skb_tag_proto(ctx);
	__u32 pushes = facts->tagging.pushes;

	if (tci < 0)
		return false;
	sl_recheck(pushes);
	if (pushes && pushes <= SL_PUSHES)
		proto = facts->tagging.tag[pushes - 1] >> 16;
	return vlan_pop(facts) && vlan_push(facts, proto << 16 | vlan_change(tci, op));
}
#endif

static __always_inline void vlan_frame_write(const struct bpf_dynptr *view, struct sl_facts *facts,
					     const struct sl_op_vlan __arena *op)
{
	__u32 place = facts->tagging.pops - facts->has_vlan_tci;
	int tci = vlan_tci(view, facts, facts->tagging.pops);
	__u16 word = __builtin_bswap16(vlan_change(tci, op));

	if (tci >= 0 && sl_write(view, SL_ETHERNET_LEN + SL_VLAN_LEN * place, &word, sizeof(word),
				 SL_COVERED_NOT))
		sl_undone(facts, SL_REASON_WRITE_REFUSED);
}

/* A tag that is to be changed or taken off and is not there is no failure: the rule may not ask. */
SL_VERIFIED_ONCE int sl_op_vlan(SL_CTX *ctx, struct sl_facts *facts, __u32 at)
{
	const struct sl_op_vlan __arena *op = SL_AT(struct sl_op_vlan, at);

	struct bpf_dynptr view;

	if (!facts || sl_view(ctx, &view))
		return 0;
	if (op->change == SL_VLAN_PUSH) {
		if (!vlan_push(facts, (__u32)SL_ETH_VLAN << 16 | (op->op.arg & 0xffff)))
			sl_undone(facts, SL_REASON_WRITE_REFUSED);
	} else if (op->change == SL_VLAN_POP) {
		vlan_pop(facts);
	} else if (vlan_in_frame(facts)) {
		vlan_frame_write(&view, facts, op);
	}
#ifdef SL_HAS_SKB
	else {
		vlan_exchange(ctx, &view, facts, op);
	}
#endif
	vlan_key(facts, vlan_own(facts) + facts->tagging.pushes, vlan_tci_then(&view, facts, 0),
		 vlan_tci_then(&view, facts, 1));
	return 0;
}
