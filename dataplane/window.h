/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "env.h"
#include "pkt.h"

static __always_inline void window_take(struct sl_pkt *pkt, void *copy, const __u32 len)
{
	pkt->window = bpf_dynptr_slice(pkt->view, 0, copy, len);
	pkt->window_len = len;
}

/* None: the frame cannot hold an Ethernet header, or its bytes cannot be had. */
static __always_inline void sl_window_none(struct sl_pkt *pkt)
{
	pkt->window = NULL;
	pkt->window_len = 0;
}

/* The longest window of the ladder. copy: for what does not lie in one piece, NULL if all does. */
static __always_inline void window_open(struct sl_pkt *pkt, __u32 have, void *copy)
{
	if (have >= SL_WINDOW_LONG)
		window_take(pkt, copy, SL_WINDOW_LONG);
	else if (have >= SL_WINDOW_SHORT)
		window_take(pkt, copy, SL_WINDOW_SHORT);
	else if (have >= SL_WINDOW_TINY)
		window_take(pkt, copy, SL_WINDOW_TINY);
	else
		sl_window_none(pkt);
}

/*
 * A window that lies in the linear part, so that nothing is copied; where the linear part is shorter
 * than common headers, the longest that the frame has.
 */
static __always_inline void sl_window_open(struct sl_pkt *pkt, __u32 linear)
{
	struct sl_scratch *scratch;

	if (linear >= SL_WINDOW_SHORT) {
		window_open(pkt, linear, NULL);
		return;
	}
	scratch = sl_scratch();
	if (scratch)
		window_open(pkt, pkt->length, scratch->window);
	else
		sl_window_none(pkt);
}
