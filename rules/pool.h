/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/*
 * Memory that lives as long as one parse: the syntax tree is made of it, so that no path through
 * the parser has anything to free.
 */
struct sl_pool_block;

struct sl_pool {
	struct sl_pool_block *blocks;
	size_t used; /* of the first block */
	size_t size;
};

/* Zeroed and aligned for anything; NULL when there is no memory. */
void *sl_pool_alloc(struct sl_pool *pool, size_t size);
/* A copy of length bytes and a NUL. */
char *sl_pool_text(struct sl_pool *pool, const char *text, size_t length);
void sl_pool_clear(struct sl_pool *pool);
