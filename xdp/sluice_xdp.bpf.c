// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The XDP entry: a frame as the driver has it, before there is an skb. */

#include "maps.h"
#include "pipeline.h"
#include "window.h"

/* Frames in fragments tell their length by a call, linear ones by two pointers. */
static __always_inline __u32 xdp_length(struct xdp_md *ctx, const struct bpf_dynptr *view, __u32 linear)
{
	const struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

	if (xdp->flags & SL_XDP_HAS_FRAGS)
		return bpf_dynptr_size(view);
	return linear;
}

static __always_inline void xdp_view(struct xdp_md *ctx, struct sl_pkt *pkt, union sl_window *copy)
{
	__u32 linear = ctx->data_end - ctx->data;

	pkt->hook = SL_HOOK_XDP;
	if (bpf_dynptr_from_xdp(ctx, 0, &pkt->view)) {
		pkt->length = linear;
		pkt->reason = SL_REASON_NO_VIEW;
		return;
	}
	pkt->length = xdp_length(ctx, &pkt->view, linear);
	sl_window_open(pkt, linear, copy);
}

/* Tells TC ingress of the same interface that this packet is judged and counted. */
static __always_inline void xdp_hand_over(struct xdp_md *ctx)
{
	struct sl_meta *meta;

	/* A driver without metadata refuses, and TC judges once more by the same rules. */
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return;
	meta->handoff = sl_config.handoff;
	meta->pad = 0;
}

SEC("xdp.frags")
int sluice_xdp(struct xdp_md *ctx)
{
	const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
	struct sl_pkt pkt = {};
	union sl_window copy;

	SL_USE_ARENA();
	if (root->iface[sl_config.slot].instance[SL_HOOK_XDP] != sl_config.instance)
		return XDP_PASS;

	xdp_view(ctx, &pkt, &copy);
	if (sl_pipeline(&pkt, SL_DIR_INGRESS, bpf_get_smp_processor_id(), &sl_config) == SL_DROP)
		return XDP_DROP;
	if (sl_config.handoff)
		xdp_hand_over(ctx);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
