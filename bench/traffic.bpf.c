// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Traffic of many addresses: BPF_PROG_TEST_RUN repeats one frame, these programs give it another
 * source address each time and hand it on. What that costs is in all rows alike.
 */

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "traffic.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SL_TRAFFIC);
	__type(key, __u32);
	__type(value, struct sl_traffic);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

__u32 turn;

static __always_inline int turn_source(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u32 index = turn++ & (SL_TRAFFIC - 1);
	struct sl_traffic *source = bpf_map_lookup_elem(&sources, &index);

	if (!source || data + 54 > end)
		return -1;
	if (data[12] == 0x08)
		__builtin_memcpy(data + 26, source->addr, 4);
	else
		__builtin_memcpy(data + 22, source->addr, 16);
	return 0;
}

SEC("xdp.frags")
int traffic(struct xdp_md *ctx)
{
	if (!turn_source(ctx))
		bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

/* A DNS query over IPv4 whose name begins with a label of 16 bytes. */
SEC("xdp.frags")
int traffic_name(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u32 index = turn++ & (SL_TRAFFIC - 1);
	struct sl_traffic *source = bpf_map_lookup_elem(&sources, &index);

	if (!source || data + 71 > end)
		return XDP_ABORTED;
	__builtin_memcpy(data + 55, source->addr, 16);
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

/* To whoever comes behind XDP. */
SEC("xdp.frags")
int traffic_pass(struct xdp_md *ctx)
{
	return turn_source(ctx) ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
