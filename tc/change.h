/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * How packets are changed at TC. The skb knows things of the packet that must stay true: a sum over
 * all of it from the NIC (CHECKSUM_COMPLETE), a checksum that is yet to be made (CHECKSUM_PARTIAL,
 * the transport's field holds the sum of the pseudo header). The kernel's helpers see to both.
 */

#include "reject.h"
#include "rewrite.h"

static __always_inline int sl_view(struct __sk_buff *skb, struct bpf_dynptr *view)
{
	return bpf_dynptr_from_skb(skb, 0, view);
}

static __always_inline int sl_write(const struct bpf_dynptr *view, __u32 offset, void *bytes,
				    __u32 size, enum sl_covered covered)
{
	return bpf_dynptr_write(view, offset, bytes, size,
				covered == SL_COVERED_BY_SKB ? BPF_F_RECOMPUTE_CSUM : 0);
}

static __always_inline int sl_fix_sum(struct __sk_buff *skb, const struct bpf_dynptr *view,
				      __u32 offset, __u32 diff, enum sl_sum sum, bool is_udp)
{
	__u64 flags = is_udp ? BPF_F_MARK_MANGLED_0 : 0;

	if (sum == SL_SUM_IP4)
		return bpf_l3_csum_replace(skb, offset, 0, diff, 0);
	if (sum == SL_SUM_PSEUDO)
		flags |= BPF_F_PSEUDO_HDR;
	return bpf_l4_csum_replace(skb, offset, 0, diff, flags);
}

static __always_inline void sl_skb_mark(struct __sk_buff *skb, __u32 value, __u32 mask)
{
	skb->mark = (skb->mark & ~mask) | value;
}

static __always_inline void sl_skb_priority(struct __sk_buff *skb, __u32 value, __u32 mask)
{
	skb->priority = (skb->priority & ~mask) | value;
}

/* "sluice's copy": a copy that passes a rule with `mirror` itself is not copied again. */
#define TC_COPY_HIGH 0x736c7569
#define TC_COPY_LOW  0x63652063

static __always_inline int sl_skb_mirror(struct __sk_buff *skb, __u32 ifindex)
{
	__u32 high = skb->cb[3], low = skb->cb[4];
	int err;

	if (high == TC_COPY_HIGH && low == TC_COPY_LOW)
		return 0;
	skb->cb[3] = TC_COPY_HIGH;
	skb->cb[4] = TC_COPY_LOW;
	err = bpf_clone_redirect(skb, ifindex, 0);
	skb->cb[3] = high;
	skb->cb[4] = low;
	return err;
}

static __always_inline __u32 sl_skb_tag_proto(struct __sk_buff *skb)
{
	return __builtin_bswap16(skb->vlan_proto);
}

SL_VERIFIED_ONCE int sl_tc_tags(struct __sk_buff *skb, const struct sl_facts *facts)
{
	int err = 0;

	if (!facts)
		return 0;
	for (__u32 i = 0; i < SL_VLAN_DEPTH && i < facts->tagging.pops && !err; i++)
		err = bpf_skb_vlan_pop(skb);
	for (__u32 i = 0; i < SL_PUSHES && i < facts->tagging.pushes && !err; i++)
		err = bpf_skb_vlan_push(skb, __builtin_bswap16(facts->tagging.tag[i] >> 16),
					facts->tagging.tag[i]);
	return err;
}

static __always_inline int sl_skb_tags(struct __sk_buff *skb, const struct sl_facts *facts)
{
	return sl_tc_tags(skb, facts);
}

/*
 * A checksum that was to be made for the packet will be made for the answer, at the same place. In
 * a reset and in a reply of DNS it is the checksum's: it gets what it is to start with. In ICMP, where UDP had its own is
 * a word that means nothing. From 0 on, what is stored there makes the sum over all right, whatever
 * the checksum is. Elsewhere, as in an ICMP answer to TCP, it falls into the quoted packet; that
 * happens only where such an answer leaves the host by an interface that sums.
 */
static __always_inline void tc_answer_sum(struct __sk_buff *skb, const struct sl_facts *facts,
					  struct sl_answer *answer)
{
	const struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);
	__u32 start, offset = kernel->csum_offset, at = answer->sum_at;

	if (BPF_CORE_READ_BITFIELD(kernel, ip_summed) != SL_CHECKSUM_PARTIAL)
		return;
	start = kernel->csum_start - (__u32)(kernel->data - kernel->head);
	sl_recheck(at);
	if (at > 56)
		return;
	if (start + offset == facts->network + at) {
		*(__u16 *)(answer->bytes + at) = answer->pseudo;
	} else if (start == facts->network + at - 2 && offset == 6) {
		*(__u16 *)(answer->bytes + at) = 0;
		*(__u16 *)(answer->bytes + at + 4) = answer->pseudo;
	}
}

SL_VERIFIED_ONCE int sl_tc_reject(struct __sk_buff *skb, const struct sl_facts *facts, __u32 kind)
{
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view, now;
	enum sl_reason reason;

	if (!facts || !scratch || sl_view(skb, &view))
		return SL_REASON_REJECT_ROOM;
	reason = sl_answer_make(&view, facts, kind, &scratch->answer, SL_ANSWER6_MAX);
	if (reason)
		return reason;
	if (bpf_skb_change_tail(skb, facts->network + scratch->answer.size, 0))
		return SL_REASON_REJECT_ROOM;
	tc_answer_sum(skb, facts, &scratch->answer);
	if (sl_view(skb, &now))
		return SL_REASON_REJECT_ROOM;
	return sl_answer_write(&now, facts, &scratch->answer) ? SL_REASON_WRITE_REFUSED
							      : SL_REASON_NONE;
}

/* The copy goes to where the packet came from. Where packets are only asked about, nothing is sent. */
static __always_inline int tc_copy_back(struct __sk_buff *skb, const struct sl_facts *facts)
{
	if (sl_config.trace)
		return 0;
	return bpf_clone_redirect(skb, skb->ifindex,
				  facts->hook == SL_HOOK_TC_EGRESS ? BPF_F_INGRESS : 0);
}

/* The reset that is in the skb goes back as a copy; the skb becomes the one that goes on. */
SL_VERIFIED_ONCE int sl_tc_reset_both(struct __sk_buff *skb, const struct sl_facts *facts)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 numbers[ANSWER_NUMBERS] = {};
	struct bpf_dynptr view, now;
	enum sl_reason reason;

	if (!facts || !scratch || sl_view(skb, &view) ||
	    bpf_dynptr_read(numbers, sizeof(numbers), &view, facts->transport + 4, 0))
		return SL_REASON_REJECT_ROOM;
	reason = sl_tc_reject(skb, facts, SL_REJECT_BOTH);
	if (reason)
		return reason;
	if (tc_copy_back(skb, facts))
		reason = SL_REASON_REJECT_UNSENT;
	sl_answer_onward(&scratch->answer, &facts->key, numbers);
	tc_answer_sum(skb, facts, &scratch->answer);
	if (sl_view(skb, &now) || sl_answer_write(&now, facts, &scratch->answer))
		return SL_REASON_WRITE_REFUSED;
	return reason;
}

static __always_inline enum sl_reason sl_reject(struct sl_pkt *pkt, __u32 kind, const bool moves)
{
	return kind == SL_REJECT_BOTH ? sl_tc_reset_both(pkt->ctx, sl_facts_of(pkt))
				      : sl_tc_reject(pkt->ctx, sl_facts_of(pkt), kind);
}
