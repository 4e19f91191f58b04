/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "set_heap.h"

/* A heap of plain memory that knows what is in use: nothing is given back twice, or too much. */
struct test_heap {
	struct sl_heap heap;
	__u32 size; /* of all of it */
	__u32 next;
	__u64 used; /* bytes */
	unsigned char *taken; /* of each 64 bytes, whether they are in use */
	__u32 fail_in; /* the allocation that fails; 0: none */
};

void test_heap_init(struct test_heap *heap, __u32 size);
void test_heap_clear(struct test_heap *heap);
/* Fails the test unless exactly the marked blocks are in use: mark, then check. */
void test_heap_mark(void *heap, __u32 offset, __u32 size);
void test_heap_check(struct test_heap *heap);
