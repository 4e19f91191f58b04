/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Fragmented packets followed at a time; the least recently used one is forgotten beyond that. */
#define SL_FRAG_ENTRIES 8192U

/* A packet in fragments, as one hook of one interface sees it. */
struct sl_frag_key {
	__u64 addr[4]; /* as in struct sl_key */
	__u32 id; /* IPv4: 16 bits */
	__u8 proto; /* IPv6: 0, its identification stands alone (RFC 8200, 4.5) */
	__u8 l3; /* enum sl_l3 */
	__u8 hook; /* enum sl_hook */
	__u8 slot; /* of the interface */
	__u16 vlan; /* id of the outer tag */
	__u16 ivlan;
	__u32 pad;
};
_Static_assert(sizeof(struct sl_frag_key) == 48, "layout");

#define SL_FRAG_FIRST_SEEN 1U /* verdict and slot are valid */
#define SL_FRAG_LAST_SEEN  2U /* total is valid */
#define SL_FRAG_POISONED   4U /* fragments overlapped: nothing of this packet may pass any more */

struct sl_frag {
	__u64 since; /* ns, coarse monotonic clock: an id may be used again after SL_FRAG_TIMEOUT */
	__u32 flags; /* SL_FRAG_*; changed by atomic or */
	__u32 slot; /* counter of the rule or policy that decided on the first fragment */
	__u32 verdict; /* enum sl_verdict of the first fragment */
	__u32 top; /* 8-byte units: where the furthest fragment that was seen ends */
	__u32 arg; /* of the verdict, as in struct sl_body; SL_CONTINUE: see sl_decision.from */
	__u32 got; /* 8-byte units received */
	__u32 total; /* 8-byte units of the whole packet */
	__u32 pad;
	__u64 seen[128]; /* a bit for each 8-byte unit */
};
_Static_assert(sizeof(struct sl_frag) == 40 + 1024, "layout");

#define SL_FRAG_TIMEOUT_NS (30ULL * 1000000000ULL)
