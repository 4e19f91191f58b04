/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Token buckets by address or flow; the least recently used ones are forgotten beyond that. */
#define SL_LIMIT_ENTRIES 65536U

struct sl_limit_key {
	__u64 addr[4]; /* as in struct sl_key; what the limit does not ask for is 0 */
	__u32 slot; /* the rule's counter */
	__u32 epoch; /* sl_state.epoch: a slot that is given away starts anew */
	__u16 sport;
	__u16 dport;
	__u8 proto;
	__u8 l3; /* enum sl_l3 */
	__u8 index; /* of the limit among those of the rule */
	__u8 per; /* enum sl_limit_per */
};
_Static_assert(sizeof(struct sl_limit_key) == 48, "layout");
