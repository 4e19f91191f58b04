/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules_heap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "sets.h"

enum {
	FREE,
	TAKEN,
	MARKED,
};

static int take(struct sl_heap *heap, __u32 size, __u32 *offset)
{
	struct test_heap *h = (struct test_heap *)heap;

	assert_int_equal(size % SL_SET_ALIGN, 0);
	assert_true(size > 0);
	if (h->fail_in && !--h->fail_in)
		return -ENOMEM;
	if (size > h->size - h->next)
		return -ENOMEM;
	*offset = h->next;
	memset(h->taken + h->next / SL_SET_ALIGN, TAKEN, size / SL_SET_ALIGN);
	h->next += size;
	h->used += size;
	return 0;
}

/* What is freed is spoilt, for programs may not be reading it any more when the test does. */
static void give(struct sl_heap *heap, __u32 offset, __u32 size)
{
	struct test_heap *h = (struct test_heap *)heap;

	for (__u32 i = offset / SL_SET_ALIGN; i < (offset + size) / SL_SET_ALIGN; i++) {
		assert_int_equal(h->taken[i], TAKEN);
		h->taken[i] = FREE;
	}
	memset(heap->base + offset, 0xa5, size);
	h->used -= size;
}

void test_heap_init(struct test_heap *heap, __u32 size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(base, MAP_FAILED);
	*heap = (struct test_heap) {
		.heap = { .base = base, .alloc = take, .free = give },
		.size = size,
		.next = SL_SET_ALIGN,
		.taken = calloc(1, size / SL_SET_ALIGN),
	};
	assert_non_null(heap->taken);
}

void test_heap_clear(struct test_heap *heap)
{
	munmap(heap->heap.base, heap->size);
	free(heap->taken);
}

void test_heap_mark(void *heap, __u32 offset, __u32 size)
{
	struct test_heap *h = heap;

	for (__u32 i = offset / SL_SET_ALIGN; i < (offset + size) / SL_SET_ALIGN; i++) {
		assert_int_equal(h->taken[i], TAKEN);
		h->taken[i] = MARKED;
	}
}

void test_heap_check(struct test_heap *heap)
{
	for (__u32 i = 0; i < heap->next / SL_SET_ALIGN; i++) {
		assert_int_not_equal(heap->taken[i], TAKEN);
		if (heap->taken[i] == MARKED)
			heap->taken[i] = TAKEN;
	}
}
