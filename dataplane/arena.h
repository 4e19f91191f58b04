/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Reading the arena by offset, in a program and on the host alike:
 *
 *   const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
 */

#include <stdbool.h>

#include "../abi/arena.h"

#ifdef __bpf__
#include "bpf.h"
#define SL_AT(type, offset) ((type __arena *)(unsigned long)(__u32)(offset))

/*
 * The same number, which the verifier knows nothing of any more: what follows is verified once and
 * not for each value. Kernel 6.18, clang 19: without it four tags deep times three windows wide
 * make 700,000 instructions to verify.
 */
static __always_inline __u32 sl_unknown(__u32 x)
{
	return x + SL_AT(struct sl_root, SL_ARENA_ROOT)->zero;
}
#else
static inline __u32 sl_unknown(__u32 x)
{
	return x;
}

/* Where the host code that walks compiled tables finds offset 0. */
extern char *sl_arena_base;
#define __arena
#define SL_AT(type, offset) ((type *)(void *)(sl_arena_base + (__u32)(offset)))
#define sl_can_loop	    1
#endif
