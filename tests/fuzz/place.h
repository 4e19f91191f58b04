/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A message in an arena of plain memory, where the data path's readers find it. What is behind it is
 * poisoned, but for the bytes of its last word: a reader that goes further is caught.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sanitizer/asan_interface.h>

#include "arena.h"

/* Room behind the message, as the fetched one has it: readers take eight bytes at a time. */
#define PLACE_SLACK 7U

char *sl_arena_base;

static const __u32 place_work = SL_ARENA_WORK;
static const __u32 place_bytes = SL_ARENA_WORK + offsetof(struct sl_work, bytes);

static inline void place_init(void)
{
	sl_arena_base = mmap(NULL, (size_t)SL_ARENA_PAGES * SL_PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sl_arena_base == MAP_FAILED)
		abort();
}

/* At most SL_WORK_BYTES / 2 of them are taken; returns how many. */
static inline __u32 place(const uint8_t *message, size_t size)
{
	char *to = sl_arena_base + place_bytes;
	__u32 length = size < SL_WORK_BYTES / 2 ? (__u32)size : SL_WORK_BYTES / 2;

	ASAN_UNPOISON_MEMORY_REGION(to, SL_WORK_BYTES);
	memset(sl_arena_base + place_work, 0xa5, sizeof(struct sl_app_found));
	memcpy(to, message, length);
	memset(to + length, 0, PLACE_SLACK);
	ASAN_POISON_MEMORY_REGION(to + length + PLACE_SLACK, SL_WORK_BYTES - length - PLACE_SLACK);
	return length;
}

static inline const struct sl_app_found *place_found(void)
{
	return (const void *)(sl_arena_base + place_work);
}

#define PLACE_CHECK(cond)        \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)
