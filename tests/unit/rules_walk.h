/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The data path's walk over compiled rules, on the host. */

#include <stddef.h>

#include "needle.h"
#include "rule.h"

/* Memory of the arena, for tables that are no rule set. */
void walk_put(__u32 at, const void *bytes, size_t size);

struct walk_payload {
	const void *bytes;
	__u32 length;
	__u32 before; /* bytes of the frame, at least 1 */
	__u32 behind;
};

/* The search of a struct sl_scan; found has a bit for each needle, SL_NEEDLES of them. */
enum sl_scan_state walk_search(__u32 tables, const struct walk_payload *payload, __u64 *found);

/* Puts the block where it was compiled for, and all counters to 0. */
void walk_load(const struct sl_ruleset *block, __u32 base);
/* The slot of the rule or policy that decides on a packet. */
__u32 walk(enum sl_dir dir, const struct sl_key *key);
/* Packets that the slot has counted without deciding. */
__u64 walk_count(__u32 slot);
