// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The XDP entry: a frame as the driver has it, before there is an skb. */

#define SL_CTX struct xdp_md

#include "maps.h"
#include "pipeline.h"
#include "window.h"

#include "change.h"

/*
 * The whole length of a frame. bpf_dynptr_size() knows it too, for the price of a call (6 ns of the
 * 45 that a packet may cost); these are the loads that it would do.
 */
static __always_inline __u32 xdp_length(struct xdp_md *ctx, __u32 linear)
{
	const struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);
	const struct skb_shared_info *shared;
	__u64 tail;

	if (!(xdp->flags & SL_XDP_HAS_FRAGS))
		return linear;
	tail = (bpf_core_type_size(struct skb_shared_info) + SL_CACHE_LINE - 1) &
	       ~(SL_CACHE_LINE - 1);
	shared = bpf_rdonly_cast(xdp->data_hard_start + xdp->frame_sz - tail,
				 bpf_core_type_id_kernel(struct skb_shared_info));
	return linear + shared->xdp_frags_size;
}

static __always_inline void xdp_view(struct xdp_md *ctx, struct sl_pkt *pkt,
				     struct bpf_dynptr *view)
{
	__u32 linear = ctx->data_end - ctx->data;

	sl_pkt_init(pkt, ctx, view, SL_HOOK_XDP);
	if (bpf_dynptr_from_xdp(ctx, 0, view)) {
		pkt->length = linear;
		pkt->bytes = linear;
		pkt->reason = SL_REASON_NO_VIEW;
		sl_window_none(sl_bytes_of(pkt));
		return;
	}
	pkt->length = xdp_length(ctx, linear);
	pkt->bytes = pkt->length;
	sl_window_open(pkt, linear);
}

/*
 * Whether the packet is this program's, where another instance may run before or behind it. The
 * first leaves word for the second, also that it did nothing; the same CPU runs both, and the
 * daemon says which is the second, so what the second reads is about the packet at hand.
 */
static __always_inline bool xdp_is_ours(bool ours)
{
	const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
	struct sl_if_stats __arena *stats = SL_AT(
		struct sl_if_stats, sl_if_stats_offset(sl_config.slot, sl_config.ncpus, sl_cpu()));
	__u32 before = stats->judged;

	if (root->iface[sl_config.slot].heed == sl_config.instance && before &&
	    before != sl_config.instance)
		ours = false;
	stats->judged = ours ? sl_config.instance : 0;
	return ours;
}

static __always_inline bool xdp_in_charge(void)
{
	__u32 charge = *SL_AT(const volatile __u32, sl_config.charge);

	if (sl_config.chained)
		return xdp_is_ours(charge == sl_config.instance || charge == SL_INSTANCE_ANY);
	return charge == sl_config.instance || charge == SL_INSTANCE_ANY;
}

static __always_inline void xdp_judge(struct xdp_md *ctx, const bool moves,
				      struct sl_decision *decision)
{
	struct sl_pkt pkt;
	struct bpf_dynptr view;

	SL_USE_ARENA();
	if (!xdp_in_charge()) {
		decision->verdict = SL_SEEN;
		return;
	}
	xdp_view(ctx, &pkt, &view);
	sl_pipeline(&pkt, SL_DIR_INGRESS, moves, decision);
}

/* Tells TC ingress of the same interface what of this packet is judged and counted. */
static __always_inline void xdp_hand_over(struct xdp_md *ctx, __u32 from)
{
	struct sl_meta *meta;

	/* A driver without metadata refuses, and TC judges once more by the same rules. */
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return;
	meta->handoff = sl_config.handoff;
	meta->from = from;
}

static __always_inline int xdp_action(const struct sl_decision *decision)
{
	switch (decision->verdict) {
	case SL_DROP:
		return XDP_DROP;
	case SL_REJECT:
		return XDP_TX;
	case SL_REDIRECT:
		return bpf_redirect(decision->arg, 0);
	default:
		return XDP_PASS;
	}
}

/* The section is not xdp.frags: the loader says for each interface whether frames come in parts. */
SEC("xdp")
int sluice_xdp(struct xdp_md *ctx)
{
	struct sl_decision decision;

	xdp_judge(ctx, false, &decision);
	return xdp_action(&decision);
}

/*
 * The same for where it is not behind a dispatcher of libxdp 1.3 to 1.5, which refuse a program that
 * moves packet data: this one hands over to TC ingress, and makes room for long answers.
 */
SEC("xdp")
int sluice_xdp_meta(struct xdp_md *ctx)
{
	struct sl_decision decision;
	int action;

	xdp_judge(ctx, true, &decision);
	action = xdp_action(&decision);
	if (action == XDP_PASS && decision.verdict != SL_SEEN && sl_config.handoff)
		xdp_hand_over(ctx, decision.from);
	return action;
}

char LICENSE[] SEC("license") = "GPL";
