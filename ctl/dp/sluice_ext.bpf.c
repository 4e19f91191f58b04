// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* To find out whether the kernel takes programs that replace a function of another program. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int sluice_ext_replaced(struct xdp_md *ctx)
{
	volatile int ret = XDP_PASS;

	return ctx ? ret : XDP_ABORTED;
}

SEC("xdp")
int sluice_ext_target(struct xdp_md *ctx)
{
	return sluice_ext_replaced(ctx);
}

SEC("freplace")
int sluice_ext(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
