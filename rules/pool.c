/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define POOL_BLOCK 16384

struct sl_pool_block {
	struct sl_pool_block *next;
	max_align_t bytes[];
};

static int pool_grow(struct sl_pool *pool, size_t size)
{
	struct sl_pool_block *block;

	if (size < POOL_BLOCK)
		size = POOL_BLOCK;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return -1;
	block->next = pool->blocks;
	pool->blocks = block;
	pool->used = 0;
	pool->size = size;
	return 0;
}

void *sl_pool_alloc(struct sl_pool *pool, size_t size)
{
	char *start;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (size > pool->size - pool->used && pool_grow(pool, size))
		return NULL;
	start = (char *)pool->blocks->bytes + pool->used;
	pool->used += size;
	return memset(start, 0, size);
}

char *sl_pool_text(struct sl_pool *pool, const char *text, size_t length)
{
	char *copy = sl_pool_alloc(pool, length + 1);

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

void sl_pool_clear(struct sl_pool *pool)
{
	struct sl_pool_block *block, *next;

	for (block = pool->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*pool = (struct sl_pool) {};
}
