/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "block.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096U

static int reserve(struct sl_block *block, __u64 end)
{
	__u64 size = block->size ? block->size : FIRST_SIZE;
	char *bytes;

	while (size < end)
		size *= 2;
	if (size == block->size)
		return 0;
	bytes = realloc(block->bytes, size);
	if (!bytes)
		return -ENOMEM;
	memset(bytes + block->size, 0, size - block->size);
	block->bytes = bytes;
	block->size = size;
	return 0;
}

int sl_block_take(struct sl_block *block, __u64 size, __u32 align, __u32 *at)
{
	__u64 begin = (block->used + align - 1) & ~(__u64)(align - 1), end = begin + size;
	int err;

	if (end > block->max || end > (__u64)UINT32_MAX + 1 - block->base)
		return -E2BIG;
	err = reserve(block, end);
	if (err)
		return err;
	block->used = end;
	*at = (__u32)(block->base + begin);
	return 0;
}

void *sl_block_at(const struct sl_block *block, __u32 at)
{
	return block->bytes + (at - block->base);
}

void sl_block_clear(struct sl_block *block)
{
	free(block->bytes);
	*block = (struct sl_block) {};
}
