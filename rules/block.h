/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Memory that grows and will lie in the arena at offset base. References in it are arena offsets. */
struct sl_block {
	char *bytes;
	__u64 used;
	__u64 size;
	__u32 base;
	__u32 max; /* bytes it may take */
};

/*
 * Room at a multiple of align, which is a power of two, in the arena; zeroed. -E2BIG when it does
 * not fit any more.
 */
int sl_block_take(struct sl_block *block, __u64 size, __u32 align, __u32 *at);
/* Valid until more is taken. */
void *sl_block_at(const struct sl_block *block, __u32 at);
void sl_block_clear(struct sl_block *block);
