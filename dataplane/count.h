/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Counters live in the arena, a copy for each CPU. XDP and TC run with bottom halves off, so no
 * other packet is counted on this CPU meanwhile and plain additions lose nothing.
 */

#include "arena.h"

static __always_inline void sl_count(__u32 offset, __u32 bytes)
{
	struct sl_counter __arena *counter = SL_AT(struct sl_counter, offset);

	counter->packets++;
	counter->bytes += bytes;
}
