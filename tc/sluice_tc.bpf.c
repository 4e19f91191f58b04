// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * The TC entries: a packet as the stack has it. It may be of 64 KiB and more (GRO, GSO), most of it
 * outside the linear part, and its outer VLAN tag may be in the skb and not in the frame.
 */

#define SL_CTX struct __sk_buff
#define SL_HAS_SKB

#include "maps.h"
#include "pipeline.h"
#include "window.h"

#include "change.h"

/* On the wire the tag is part of the frame, wherever the kernel keeps it. */
static __always_inline __u32 tc_bytes(const struct __sk_buff *skb)
{
	return skb->len + (skb->vlan_present ? SL_VLAN_LEN : 0);
}

static __always_inline void tc_view(struct __sk_buff *skb, struct sl_pkt *pkt, enum sl_hook hook,
				    struct bpf_dynptr *view)
{
	sl_pkt_init(pkt, skb, view, hook);
	pkt->length = skb->len;
	pkt->bytes = tc_bytes(skb);
	pkt->is_gso = skb->gso_size != 0;
	pkt->has_vlan_tci = skb->vlan_present != 0;
	pkt->vlan_tci = skb->vlan_tci;
	if (bpf_dynptr_from_skb(skb, 0, view)) {
		pkt->reason = SL_REASON_NO_VIEW;
		sl_window_none(sl_bytes_of(pkt));
		return;
	}
	sl_window_open(pkt, skb->data_end - skb->data);
}

static __always_inline bool tc_in_charge(void)
{
	return *SL_AT(const volatile __u32, sl_config.charge) == sl_config.instance;
}

/*
 * Whether XDP of this very interface has judged the packet before. *from: the rule that it left to
 * us with all behind it, 0 if none.
 */
static __always_inline bool tc_seen(struct __sk_buff *skb, __u32 *from)
{
	const struct sl_meta *meta = (void *)(long)skb->data_meta;

	if (sl_config.trace)
		*from = SL_AT(struct sl_trace, SL_ARENA_TRACE)->key.from;
	if (sl_config.handoff == SL_HANDOFF_ALL)
		return true;
	if (!sl_config.handoff || (void *)(meta + 1) > (void *)(long)skb->data ||
	    meta->handoff != sl_config.handoff)
		return false;
	*from = meta->from;
	return !meta->from;
}

static __always_inline void tc_count_seen(struct __sk_buff *skb)
{
	sl_count(sl_hook_counters(sl_cpu()) + SL_SEEN * (__u32)sizeof(struct sl_counter),
		 tc_bytes(skb));
}

/*
 * TCX_NEXT and TC_ACT_UNSPEC are one number: programs and filters behind Sluice's still run. The
 * answer to a rejected packet goes to where the packet came from: out of the interface, or, if it
 * was on its way out, in at it. Of two answers, the one that is in the packet now goes on.
 */
static __always_inline int tc_action(struct __sk_buff *skb, enum sl_dir dir,
				     const struct sl_decision *decision)
{
	switch (decision->verdict) {
	case SL_DROP:
		return SL_TC_ACT_SHOT;
	case SL_REJECT:
		if (decision->arg == SL_REJECT_BOTH)
			return SL_TCX_NEXT;
		return bpf_redirect(skb->ifindex, dir == SL_DIR_EGRESS ? BPF_F_INGRESS : 0);
	case SL_REDIRECT:
		return bpf_redirect(decision->arg, 0);
	default:
		return SL_TCX_NEXT;
	}
}

static __always_inline int tc_run(struct __sk_buff *skb, enum sl_hook hook, enum sl_dir dir,
				  __u32 from)
{
	struct sl_pkt pkt;
	struct bpf_dynptr view;
	struct sl_decision decision;

	tc_view(skb, &pkt, hook, &view);
	pkt.key.from = sl_unknown(from);
	sl_pipeline(&pkt, dir, true, &decision);
	return tc_action(skb, dir, &decision);
}

SEC("tcx/ingress")
int sluice_tc_in(struct __sk_buff *skb)
{
	__u32 from = 0;

	SL_USE_ARENA();
	if (!tc_in_charge())
		return SL_TCX_NEXT;
	if (tc_seen(skb, &from)) {
		tc_count_seen(skb);
		return SL_TCX_NEXT;
	}
	return tc_run(skb, SL_HOOK_TC_INGRESS, SL_DIR_INGRESS, from);
}

SEC("tcx/egress")
int sluice_tc_out(struct __sk_buff *skb)
{
	SL_USE_ARENA();
	if (!tc_in_charge())
		return SL_TCX_NEXT;
	return tc_run(skb, SL_HOOK_TC_EGRESS, SL_DIR_EGRESS, 0);
}

char LICENSE[] SEC("license") = "GPL";
