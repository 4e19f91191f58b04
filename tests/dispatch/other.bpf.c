// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Somebody else's program in the dispatcher: counts datagrams to port 9 and lets all pass. */

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("xdp")
int other(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 *byte = data;

	/* Ethernet, IPv4 without options, UDP. */
	if (data + 38 > end || byte[12] != 8 || byte[13] || byte[23] != 17)
		return XDP_PASS;
	if (*(__u16 *)(byte + 36) == bpf_htons(9))
		__sync_fetch_and_add(&seen, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
