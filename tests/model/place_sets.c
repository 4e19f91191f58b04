// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Sets that rules are compiled to: those of a rule which combines too many values for records. They
 * are built on the host, as libdp does in its heap, and copied for the kernel's programs.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "host.h"
#include "kernel.h"
#include "rules.h"
#include "set_roots.h"

#define HEAP	  (SL_ARENA_HEAP + SL_SET_ALIGN) /* offset SL_ARENA_HEAP stands for none */
#define HEAP_SIZE (16U << 20)

static __u32 used;

static int take(struct sl_heap *heap, __u32 size, __u32 *offset)
{
	if (size > HEAP_SIZE - used)
		return -ENOMEM;
	*offset = HEAP + used;
	used += size;
	memset(heap->base + *offset, 0, size);
	return 0;
}

/* All of it is given free before the next case. */
static void give(struct sl_heap *heap, __u32 offset, __u32 size)
{
	(void)heap;
	(void)offset;
	(void)size;
}

static int place_set(struct sl_heap *heap, struct sl_conf_set *set)
{
	const __u32 size = (sizeof(struct sl_set_body) + SL_SET_ALIGN - 1) & ~(SL_SET_ALIGN - 1);
	struct sl_set_body *body;
	int err;

	if (!sl_set_is_plain(set))
		return -EINVAL;
	err = take(heap, size, &set->place);
	if (err)
		return err;
	body = sl_heap_at(heap, set->place);
	return sl_roots_build(heap, &set->elems, sl_set_number_max(set->type[0]), &body->now,
			      &body->ranges);
}

int place_sets(struct sl_conf *conf)
{
	struct sl_heap heap = { .base = host_arena, .alloc = take, .free = give };
	int err = 0;

	used = 0;
	for (size_t i = 0; i < conf->nsets && !err; i++)
		err = place_set(&heap, &conf->sets[i]);
	if (!err && used && !run_no_kernel)
		memcpy(kernel_arena + HEAP, host_arena + HEAP, used);
	return err;
}
