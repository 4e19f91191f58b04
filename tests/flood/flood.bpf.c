// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Sends each frame of a test run out of a device, with a source port by chance. */

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target; /* ifindex */
const volatile __u32 port_at; /* offset of the source port in the frame */
const volatile __u32 flows;
/* How the frame begins. Pages come round, and who had one before may have written in it. */
const volatile __u64 head[8];

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u16 *port = data + (port_at & 0x3f);
	__u64 *word = data;

	if ((void *)(port + 1) > end || (void *)(word + 8) > end)
		return XDP_ABORTED;
	for (int i = 0; i < 8; i++)
		word[i] = head[i];
	/* In turn, all of one flow could fall on the moments when the peer has no room. */
	*port = bpf_htons(1024 + bpf_get_prandom_u32() % flows);
	return bpf_redirect(target, 0);
}

char LICENSE[] SEC("license") = "GPL";
