// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Where packets end that nobody dropped: behind XDP, TC, nftables at ingress and the raw table. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 sink_packets;

SEC("netfilter")
int sink(void *ctx)
{
	__sync_fetch_and_add(&sink_packets, 1);
	return 0; /* NF_DROP */
}

char LICENSE[] SEC("license") = "GPL";
