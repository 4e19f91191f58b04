// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* A program with a function that another program replaces: what libxdp's dispatcher is made of. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int slot(struct xdp_md *ctx)
{
	volatile int pass = XDP_PASS;

	if (!ctx)
		return XDP_ABORTED;
	return pass;
}

SEC("xdp")
int dispatcher(struct xdp_md *ctx)
{
	return slot(ctx);
}

SEC("freplace/slot")
int extension(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
