/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "needle.h"
#include "rules.h"

/*
 * Writes a struct sl_scan for these needles, at most SL_NEEDLES; *at is its offset. Which rules are
 * asked is left to the caller. -E2BIG, -ENOMEM.
 */
int sl_sieve_build(struct sl_block *block, const struct sl_conf_needle *needles, size_t count,
		   __u32 *at);
