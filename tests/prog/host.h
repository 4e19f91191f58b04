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
#include "event.h"
#include "frag.h"
#include "sets.h"

/* A frame as it comes out; bytes has room for PACKET_ROOM of them. */
struct frame_out {
	__u8 *bytes;
	size_t len;
};

#define PACKET_ROOM ((72U << 10) + 2048)

/* What an entry knows of a frame beside its bytes. */
struct frame {
	const void *bytes;
	size_t len;
	size_t linear; /* bytes in the linear part; 0: all, or what the kernel likes */
	bool is_gso;
	bool resets; /* TC: rejected, it goes on as a reset */
	bool has_tag; /* TC: the outer tag is beside the frame */
	__u16 tci;
	struct frame_out *out; /* NULL: not asked for */
};

/* Maps host_arena; call before anything else. */
int host_init(void);
extern char *host_arena;

struct host_event {
	struct sl_event event;
	__u8 snap[SL_SNAP_MAX];
};

/*
 * What else a run did. Room for an answer that is longer than the frame, for tags that are put on,
 * and for what a rule sends elsewhere.
 */
struct host_done {
	__u8 bytes[PACKET_ROOM]; /* the frame as it is let go */
	size_t len;
	bool has_tag;
	__u16 tci;
	__u32 tag_proto;
	__u32 mark;
	__u32 priority;
	__u8 back[256]; /* the reset to who sent the frame, where the frame becomes the other */
	size_t back_len;
	__u32 ncopies; /* in host_copies */
	struct host_event event; /* the last one */
	__u32 nevents;
};

extern struct host_done host_done;

/* What went to another interface, as it was then. */
#define HOST_COPIES 32

struct host_copy {
	__u32 ifindex;
	size_t len;
	__u8 bytes[PACKET_ROOM];
};

extern struct host_copy host_copies[HOST_COPIES];
/* What the next runs are to find. */
extern __u32 host_random; /* also what it adds each time */
extern __u32 host_random_step;
extern bool host_ring_full;
void host_limits_clear(void);

void host_run(enum sl_hook hook, __u32 slot, const struct frame *frame, struct sl_trace *trace);
/* The same for a packet that XDP left to TC, from a rule on. */
void host_run_from(enum sl_hook hook, __u32 slot, const struct frame *frame, __u32 from,
		   struct sl_trace *trace);
/* The same when the kernel refuses a view of the packet. */
void host_run_no_view(enum sl_hook hook, struct sl_trace *trace);

/* Bytes of a frame into the host's arena; 0, or -1 when the frame ends before. */
int host_fetch(const struct frame *frame, __u32 offset, __u32 length, __u32 to);

/* Entries of sets, by the slot of their map. */
int host_set_put(bool trie, __u32 slot, const struct sl_set_lookup *lookup);
void host_sets_clear(void);
/* What a ban at that offset in the arena would do for a packet. */
int host_ban(const struct sl_key *key, __u32 at);

void host_frags_clear(void);
size_t host_frags_count(void);
extern __u64 host_now; /* ns */
