/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The data path's walk over compiled rules, on the host. */

#include "rule.h"

/* Puts the block where it was compiled for, and all counters to 0. */
void walk_load(const struct sl_ruleset *block, __u32 base);
/* The slot of the rule or policy that decides on a packet. */
__u32 walk(enum sl_dir dir, const struct sl_key *key);
/* Packets that the slot has counted without deciding. */
__u64 walk_count(__u32 slot);
