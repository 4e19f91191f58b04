/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "pkt.h"

/* Where the window is copied to when it does not lie in one piece. */
union sl_window {
	__u64 align;
	__u8 bytes[SL_WINDOW_LONG];
};

/*
 * The longest window of the ladder that lies in the linear part, so that nothing is copied; where
 * the linear part is shorter than common headers, the longest that the frame has. The window stays
 * NULL for frames that cannot hold an Ethernet header.
 */
static __always_inline void sl_window_open(struct sl_pkt *pkt, __u32 linear, union sl_window *copy)
{
	__u32 have = linear >= SL_WINDOW_SHORT ? linear : pkt->length;

	if (have >= SL_WINDOW_LONG) {
		pkt->window = bpf_dynptr_slice(pkt->view, 0, copy, SL_WINDOW_LONG);
		pkt->window_len = SL_WINDOW_LONG;
	} else if (have >= SL_WINDOW_SHORT) {
		pkt->window = bpf_dynptr_slice(pkt->view, 0, copy, SL_WINDOW_SHORT);
		pkt->window_len = SL_WINDOW_SHORT;
	} else if (have >= SL_WINDOW_TINY) {
		pkt->window = bpf_dynptr_slice(pkt->view, 0, copy, SL_WINDOW_TINY);
		pkt->window_len = SL_WINDOW_TINY;
	}
}
