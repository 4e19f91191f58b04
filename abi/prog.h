/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Names that the loader and the programs agree on. */
#define SL_PROG_XDP	   "sluice_xdp"
#define SL_PROG_XDP_META   "sluice_xdp_meta"
#define SL_PROG_TC_INGRESS "sluice_tc_in"
#define SL_PROG_TC_EGRESS  "sluice_tc_out"
#define SL_MAP_ARENA	   "sluice_arena"
#define SL_MAP_FRAGS	   "sluice_frags"
#define SL_MAP_LIMITS	   "sluice_limits"
#define SL_MAP_EVENTS	   "sluice_events"

/* Fixed when a program is loaded for its interface: the verifier sees constants. */
struct sl_prog_config {
	__u32 slot; /* of the interface: sl_root.iface[] */
	__u32 instance; /* compared with sl_iface.instance[hook] */
	__u32 ncpus;
	__u32 rule_shift;
	/*
	 * Not 0: XDP and TC ingress run on this interface both. XDP leaves this word before the
	 * packet, and TC takes a packet that has it as judged. SL_HANDOFF_ALL: XDP cannot leave
	 * it (see sluice_xdp_meta), and TC takes every packet as judged.
	 */
	__u32 handoff;
	__u32 trace; /* not 0: write what was found to SL_ARENA_TRACE, for replay */
	__u32 chained; /* not 0: in a dispatcher, where a second instance may run: sl_iface.heed */
	__u32 pad;
	/* Offsets in the arena that follow from the above, see sl_prog_place(). */
	__u32 charge; /* sl_iface.instance[hook] */
	__u32 stats; /* struct sl_hook_stats of CPU 0 */
};
_Static_assert(sizeof(struct sl_prog_config) == 40, "layout");

#define SL_HANDOFF_ALL (~0U)

/* What XDP leaves before the packet for TC ingress. */
struct sl_meta {
	__u32 handoff; /* sl_prog_config.handoff */
	/* 0: judged and counted. Else place of the rule that needs an skb: TC goes on with it. */
	__u32 from;
};
_Static_assert(sizeof(struct sl_meta) == 8, "metadata comes in words");
