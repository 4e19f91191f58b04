/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The data path as the compiler of the host makes it, under ASan and UBSan: the frame lies in
 * memory of exactly its size, the arena is plain memory, the table of fragments a small one with
 * a clock that tests set.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "arena.h"
#include "frag.h"

/* Room for a frame as it comes out: PACKET_MAX and what metadata takes. */
struct frame_out {
	__u8 *bytes;
	size_t len;
};

/* What an entry knows of a frame beside its bytes. */
struct frame {
	const void *bytes;
	size_t len;
	size_t linear; /* bytes in the linear part; 0: all, or what the kernel likes */
	bool is_gso;
	bool has_tag; /* TC: the outer tag is beside the frame */
	__u16 tci;
	struct frame_out *out; /* NULL: not asked for */
};

/* Maps host_arena; call before anything else. */
int host_init(void);
extern char *host_arena;

void host_run(enum sl_hook hook, __u32 slot, const struct frame *frame, struct sl_trace *trace);
/* The same when the kernel refuses a view of the packet. */
void host_run_no_view(enum sl_hook hook, struct sl_trace *trace);

void host_frags_clear(void);
size_t host_frags_count(void);
extern __u64 host_now; /* ns */
