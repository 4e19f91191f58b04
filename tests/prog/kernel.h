/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The data path as the kernel has it: the very programs, by BPF_PROG_TEST_RUN or attached. */

#include "host.h"

/*
 * The programs that tests load. Their time is host_now when one was last run by these functions. WAY_XDP_CUT is the XDP program once more, for another interface
 * slot: frames that run through both ways do not meet each other's fragments.
 */
enum way {
	WAY_XDP,
	WAY_XDP_CUT,
	WAY_XDP_META,
	WAY_TC_IN,
	WAY_TC_OUT,
	WAY_MAX_,
};

extern const char *const way_names[WAY_MAX_];

static inline enum sl_hook way_hook(enum way way)
{
	return way == WAY_TC_IN	   ? SL_HOOK_TC_INGRESS
	       : way == WAY_TC_OUT ? SL_HOOK_TC_EGRESS
				   : SL_HOOK_XDP;
}

static inline __u32 way_slot(enum way way)
{
	return way == WAY_XDP_CUT ? 1 : way == WAY_XDP_META ? 2 : 0;
}

/* 0, or negative errno; -EPERM when this process may not load programs. */
int kernel_init(void);
void kernel_exit(void);
extern char *kernel_arena;
extern __u32 kernel_ncpus;

int kernel_prog_fd(enum way way);

/*
 * Judges one frame; negative errno where the kernel will not run a program on such a frame. The
 * return code of the program is checked against the verdict in the trace: -EPROTO.
 */
int kernel_run(enum way way, const struct frame *frame, struct sl_trace *trace);
/*
 * The same; out, which holds PACKET_ROOM bytes, gets the frame as the program left it. mark: of the
 * skb, at TC.
 */
int kernel_run_out(enum way way, const struct frame *frame, struct sl_trace *trace, void *out,
		   size_t *out_len, __u32 *mark);
/* What a program returns for a verdict. */
__u32 kernel_action(enum way way, const struct frame *frame, __u32 verdict);
/*
 * The TC programs once more, as they are where packets are not only asked about: without a trace, and what
 * they answer to both ends of a connection is sent. The packet comes through an interface that is there.
 */
int kernel_init_senders(void);
int kernel_send(enum way way, const struct frame *frame, __u32 ifindex, void *bytes, size_t *len,
		__u32 *retval);
/* Calls into the kernel so far, of programs that count them: see calls.h. */
__u64 kernel_calls(enum way way);
void kernel_limits_clear(void);
/* What is in the ring of events; how many there were, out gets the last. */
size_t kernel_events_take(struct host_event *out);
/* count times the same frame, one call. */
int kernel_repeat(enum way way, const struct frame *frame, unsigned int count);

void kernel_frags_clear(void);
size_t kernel_frags_count(void);

/* Sums over CPUs. */
struct sl_hook_stats kernel_hook_stats(__u32 slot, enum sl_hook hook);
struct sl_counter kernel_rule_counter(__u32 slot);
