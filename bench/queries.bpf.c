// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Messages with many names: BPF_PROG_TEST_RUN repeats one frame, this program gives it another name
 * and source port each time and hands it on. What that costs is in all rows alike.
 */

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "queries.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SL_QUERIES);
	__type(key, __u32);
	__type(value, struct sl_query);
} labels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

__u32 turn;
__u32 name_at; /* where in the frame the name begins, with a label of 16 bytes */

/* A message over UDP or TCP over IPv4. */
SEC("xdp.frags")
int query(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u32 index = turn++ & (SL_QUERIES - 1), at = name_at & 255;
	struct sl_query *label = bpf_map_lookup_elem(&labels, &index);

	if (!label || data + 36 > end || data + at + 16 > end)
		return XDP_ABORTED;
	__builtin_memcpy(data + at, label->bytes, 16);
	*(__u16 *)(data + 34) = (__u16)index;
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
