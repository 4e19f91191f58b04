// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* What a packet costs that nobody looks at, and one of which the first bytes are taken and no more. */

#include "../dataplane/bpf.h"

#define HEAD 54

SEC("xdp.frags")
int bare_xdp(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int slice_xdp(struct xdp_md *ctx)
{
	struct bpf_dynptr view;
	__u8 *head;

	if (bpf_dynptr_from_xdp(ctx, 0, &view))
		return XDP_ABORTED;
	head = bpf_dynptr_slice(&view, 0, NULL, HEAD);
	return head && head[12] == 8 ? XDP_DROP : XDP_ABORTED;
}

SEC("tc")
int slice_tc(struct __sk_buff *skb)
{
	struct bpf_dynptr view;
	__u8 *head;

	if (bpf_dynptr_from_skb(skb, 0, &view))
		return SL_TCX_NEXT;
	head = bpf_dynptr_slice(&view, 0, NULL, HEAD);
	return head && head[12] == 8 ? SL_TC_ACT_SHOT : SL_TCX_NEXT;
}

SEC("tc")
int bare_tc(struct __sk_buff *skb)
{
	return SL_TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
