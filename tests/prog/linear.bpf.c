// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Runs before Sluice and tells how the skb lies in memory, so that tests know what they tested. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__u32 linear, length, tagged, gso_size;
} seen;

SEC("tcx/ingress")
int linear(struct __sk_buff *skb)
{
	seen.linear = skb->data_end - skb->data;
	seen.length = skb->len;
	seen.tagged = skb->vlan_present;
	seen.gso_size = skb->gso_size;
	return -1; /* TCX_NEXT */
}

const volatile __u32 target; /* ifindex */

/* To the egress of another device, and nothing is pulled together on the way, as a bridge would. */
SEC("tcx/ingress")
int forward(struct __sk_buff *skb)
{
	return bpf_redirect(target, 0);
}

char LICENSE[] SEC("license") = "GPL";
