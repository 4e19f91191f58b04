// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * A test run judges one frame again and again. These programs give it other addresses and ports
 * each time, from a table, and go on to the program in question by a tail call; or, in a live test
 * run, send it out of an interface.
 */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "feed.h"

#define IP4_PROTO   23
#define IP4_CSUM    24
#define IP4_ADDR    26
#define IP4_PORTS   34
#define IP6_NEXT    20
#define IP6_ADDR    22
#define IP6_PORTS   54
#define FRAME_LEAST 58

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} feed_next SEC(".maps");

struct feed_flow4 feed_flows4[FEED_MOST];
struct feed_flow6 feed_flows6[FEED_MOST];
__u32 feed_mask; /* number of flows in use, less 1 */
__u32 feed_turn;
__u32 feed_ifindex; /* where live frames go */

static __always_inline void write4(void *frame)
{
	const struct feed_flow4 *flow = &feed_flows4[feed_turn++ & feed_mask & (FEED_MOST - 1)];

	*(__u8 *)(frame + IP4_PROTO) = flow->proto;
	*(__u16 *)(frame + IP4_CSUM) = flow->csum;
	*(__u32 *)(frame + IP4_ADDR) = flow->addr[0];
	*(__u32 *)(frame + IP4_ADDR + 4) = flow->addr[1];
	*(__u16 *)(frame + IP4_PORTS) = flow->port[0];
	*(__u16 *)(frame + IP4_PORTS + 2) = flow->port[1];
}

static __always_inline void write6(void *frame)
{
	const struct feed_flow6 *flow = &feed_flows6[feed_turn++ & feed_mask & (FEED_MOST - 1)];

	*(__u8 *)(frame + IP6_NEXT) = flow->proto;
	for (int i = 0; i < 4; i++)
		*(__u64 *)(frame + IP6_ADDR + 8 * i) = flow->addr[i];
	*(__u16 *)(frame + IP6_PORTS) = flow->port[0];
	*(__u16 *)(frame + IP6_PORTS + 2) = flow->port[1];
}

SEC("xdp")
int feed4_xdp(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	if (frame + FRAME_LEAST <= (void *)(long)ctx->data_end)
		write4(frame);
	bpf_tail_call(ctx, &feed_next, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int feed6_xdp(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	if (frame + FRAME_LEAST <= (void *)(long)ctx->data_end)
		write6(frame);
	bpf_tail_call(ctx, &feed_next, 0);
	return XDP_ABORTED;
}

SEC("tcx/ingress")
int feed4_tc(struct __sk_buff *skb)
{
	void *frame = (void *)(long)skb->data;

	if (frame + FRAME_LEAST <= (void *)(long)skb->data_end)
		write4(frame);
	bpf_tail_call(skb, &feed_next, 0);
	return -2;
}

SEC("tcx/ingress")
int feed6_tc(struct __sk_buff *skb)
{
	void *frame = (void *)(long)skb->data;

	if (frame + FRAME_LEAST <= (void *)(long)skb->data_end)
		write6(frame);
	bpf_tail_call(skb, &feed_next, 0);
	return -2;
}

SEC("xdp")
int feed4_live(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	if (frame + FRAME_LEAST > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	write4(frame);
	return bpf_redirect(feed_ifindex, 0);
}

SEC("xdp")
int feed6_live(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	if (frame + FRAME_LEAST > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	write6(frame);
	return bpf_redirect(feed_ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
