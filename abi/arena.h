/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

#include <linux/types.h>

#include "app.h"
#include "flow.h"
#include "inner.h"
#include "prog.h"
#include "reason.h"
#include "rule.h"
#include "stream.h"
#include "verdict.h"

/*
 * The arena: 4 GiB of address space that all programs of a Sluice instance and its daemon share.
 * Only pages that user space has touched take memory; a program that reads any other page reads
 * zeros, and what it writes there is lost. The map is created at SL_ARENA_ADDR, whose low 32 bits
 * are zero, so that an arena pointer is an offset to BPF and user space alike.
 *
 *   0x00000000  never populated: offset 0 means "none"
 *   0x00001000  struct sl_root
 *   0x0000e000  struct sl_name_key
 *   0x00010000  struct sl_trace, populated for replay only
 *   0x00020000  struct sl_note, one for each interface slot: for user space
 *   0x01000000  interface counters: a page a CPU for each interface slot
 *   0x40000000  rule counters: a stripe of 2^rule_shift bytes for each CPU
 *   0x80000000  two banks for rule sets: one runs, the next one is written into the other
 *   0xc0000000  struct sl_state, one for each rule counter
 *   0xc4000000  struct sl_work, one for each CPU and hook
 *   0xca000000  struct sl_flow_table and what it is about, see abi/flow.h
 *   0xda000000  struct sl_stream_pool and the messages that are put together, see abi/stream.h
 *   0xde000000  sets that change while they are in use
 */
#define SL_ABI_VERSION 3
#define SL_MAGIC       0x4543495500534c01ULL

#define SL_ARENA_ADDR  (1ULL << 45)
#define SL_ARENA_PAGES (1U << 20)
#define SL_PAGE_SIZE   4096U

#define SL_ARENA_ROOT	   0x00001000U
#define SL_ARENA_NAME_KEY  0x0000e000U
#define SL_ARENA_TRACE	   0x00010000U
#define SL_ARENA_NOTE	   0x00020000U
#define SL_ARENA_IF	   0x01000000U
#define SL_ARENA_RULE	   0x40000000U
#define SL_ARENA_RULE_SIZE 0x40000000U
#define SL_ARENA_BANK0	   0x80000000U
#define SL_ARENA_BANK1	   0xa0000000U
#define SL_ARENA_BANK_SIZE 0x20000000U
#define SL_ARENA_STATE	   0xc0000000U
#define SL_ARENA_WORK	   0xc4000000U
#define SL_ARENA_FLOWS	   0xca000000U
#define SL_ARENA_STREAMS   0xda000000U
#define SL_ARENA_HEAP	   0xde000000U /* to the end */

#define SL_MAX_SLOTS (1U << 20) /* rule counters */

#define SL_MAX_IFACES 256U
#define SL_MAX_CPUS   1008U /* what fits between SL_ARENA_IF and SL_ARENA_RULE */
_Static_assert((__u64)SL_MAX_IFACES *SL_MAX_CPUS *SL_PAGE_SIZE <= SL_ARENA_RULE - SL_ARENA_IF,
	       "interface counters run into rule counters");

struct sl_counter {
	__u64 packets;
	__u64 bytes; /* of whole frames, Ethernet header included, FCS not */
};

#define SL_STATE_LIMITS 4

/*
 * What a rule with limits or logs remembers from packet to packet, at its counter's slot; stays
 * over reloads like the counter. No page of it is populated for rules without.
 */
struct sl_state {
	__u64 limit[SL_STATE_LIMITS]; /* token buckets, [sl_op_limit.index] */
	__u64 log; /* token bucket */
	__u64 held; /* events that this bucket held back since the last one it let go */
	__u32 epoch; /* another one for each rule that has had this slot, see sl_limit_key */
	__u32 pad[3];
};
_Static_assert(sizeof(struct sl_state) == 64, "a cache line");
_Static_assert(SL_ARENA_STATE + SL_MAX_SLOTS * sizeof(struct sl_state) == SL_ARENA_WORK,
	       "a state for each rule counter");

/* One interface's counters on one CPU. */
struct sl_hook_stats {
	struct sl_counter verdict[8]; /* [enum sl_verdict] */
	struct sl_counter reason[64]; /* [enum sl_reason], beside the verdict's counter */
};

struct sl_if_stats {
	struct sl_hook_stats hook[SL_HOOK_MAX_];
	/* The instance that judged the packet at hand in XDP, 0 for none: see sl_iface.heed. */
	__u32 judged;
	__u8 pad[SL_PAGE_SIZE - SL_HOOK_MAX_ * sizeof(struct sl_hook_stats) - 4];
};
_Static_assert(SL_VERDICT_MAX_ <= 8, "verdict counters");
_Static_assert(sizeof(struct sl_if_stats) == SL_PAGE_SIZE, "a page a CPU");

/* An interface slot, written by the daemon. */
struct sl_iface {
	/*
	 * The program instance in charge at each hook: programs with another number let packets
	 * pass untouched and uncounted, so that a new program can be attached beside the old one
	 * and take over by this one word. 0: none.
	 */
	__u32 instance[SL_HOOK_MAX_];
	/*
	 * While one XDP program takes over from another in the same dispatcher, both are in
	 * charge for a moment (SL_INSTANCE_ANY), and the second to run leaves a packet alone that
	 * the first has judged. This is the instance of the second. 0: nothing of the kind goes on.
	 */
	__u32 heed;
	__u32 ifindex; /* 0: slot free */
	char name[16]; /* outlives ifindex: the counters go on if the name comes again */
};
_Static_assert(sizeof(struct sl_iface) == 36, "layout");

#define SL_INSTANCE_ANY (~0U)

/* The kernel's coarse clock as it was when these jiffies were new: a line of its own. */
struct sl_clock {
	__u64 jiffies;
	__u64 now; /* CLOCK_MONOTONIC_COARSE, ns */
};

struct sl_root {
	__u64 magic;
	__u32 abi; /* SL_ABI_VERSION of who made the arena */
	__u32 ncpus;
	__u32 ruleset; /* offset of the struct sl_ruleset in force; one store switches all programs */
	__u32 rule_shift; /* log2 of the rule counters' bytes for one CPU */
	__u32 next_instance; /* daemon only */
	__u32 zero; /* is 0, see sl_unknown() */
	struct sl_iface iface[SL_MAX_IFACES];
	__u64 pad[4];
	struct sl_clock clock;
};
_Static_assert(offsetof(struct sl_root, clock) == 64 + 36 * SL_MAX_IFACES, "layout");
_Static_assert((SL_ARENA_ROOT + offsetof(struct sl_root, clock)) % 64 == 0, "two lines");
_Static_assert(SL_ARENA_ROOT + sizeof(struct sl_root) <= SL_ARENA_NAME_KEY,
	       "root runs into the key");

/* What user space remembers of a program that it attached. */
struct sl_hook_note {
	__u64 build; /* fingerprint of the object that the program came from */
	__u32 prog_id; /* what follows is about this program and no other */
	__u32 instance;
	__u32 handoff;
	__u32 pad;
};
_Static_assert(sizeof(struct sl_hook_note) == 24, "layout");

/* What user space remembers of an interface, for itself after a restart; no program reads it. */
struct sl_note {
	struct sl_hook_note hook[SL_HOOK_MAX_];
	struct sl_hook_note next; /* the XDP program that takes over just now */
	__u32 xdp_want; /* enum sl_xdp_mode that was asked for */
	__u32 xdp_kind; /* enum sl_xdp_attach */
	__u32 xdp_priority;
	__u32 xdp_frags;
	char xdp_why[128];
	__u8 pad[16];
};
_Static_assert(sizeof(struct sl_note) == 256, "layout");

/* A packet within the packet, as parsing found it; all 0 when rules do not ask for it. */
struct sl_trace_inner {
	struct sl_key key;
	__u32 tunnel; /* enum sl_tunnel */
	__u32 has_id;
	__u32 id;
	__u32 reason; /* enum sl_reason */
	__u32 start; /* offsets from the start of the frame; 0: the tunnel carries no packet */
	__u32 network;
	__u32 transport;
	__u32 payload;
	__u32 payload_length;
	__u32 pad;
};
_Static_assert(sizeof(struct sl_trace_inner) == 104, "layout");

/* What one run of a program found: see sl_prog_config.trace. */
struct sl_trace {
	struct sl_key key;
	__u32 verdict; /* enum sl_verdict */
	__u32 reason; /* enum sl_reason */
	__u32 slot; /* of the rule or policy that decided, SL_NO_SLOT when a reason did */
	__u32 length; /* of the frame */
	__u32 network; /* offsets of the headers from the start of the frame; 0: not reached */
	__u32 transport;
	__u32 payload;
	__u32 payload_length; /* padding after the IP packet is not payload */
	__u32 app; /* offset of the struct sl_app_found, until the next run; 0: none */
	__u32 blind; /* enum sl_reason of class BLIND */
	__u32 flow; /* offset of the flow's entry when the rules were asked; 0: none */
	__u8 flow_state; /* enum sl_flow_state: the flow's, with this packet */
	__u8 flow_to; /* enum sl_flow_to */
	__u16 pad;
	struct sl_trace_inner inner[SL_INNER_DEPTH];
};
_Static_assert(sizeof(struct sl_trace) == 112 + SL_INNER_DEPTH * sizeof(struct sl_trace_inner),
	       "layout");

static inline __u32 sl_work_offset(__u32 cpu, __u32 hook)
{
	return SL_ARENA_WORK + (cpu * SL_HOOK_MAX_ + hook) * (__u32)sizeof(struct sl_work);
}
_Static_assert((__u64)SL_MAX_CPUS *SL_HOOK_MAX_ *SL_WORK_SIZE <= SL_ARENA_FLOWS - SL_ARENA_WORK,
	       "work areas run into flows");

_Static_assert(SL_FLOW_MORE_OFFSET + SL_FLOW_SIZE_MAX * sizeof(struct sl_flow_more) <=
		       SL_ARENA_STREAMS - SL_ARENA_FLOWS,
	       "flows run into messages");
_Static_assert(SL_MAX_CPUS * sizeof(struct sl_flow_stats) <=
		       SL_FLOW_PLACES_OFFSET - SL_FLOW_STATS_OFFSET,
	       "a line a CPU");

_Static_assert(SL_MAX_SLOTS <= 1U << 24, "a slot and a verdict are a word");
_Static_assert(SL_STREAM_BYTES_OFFSET + SL_STREAMS_MAX * SL_STREAM_BYTES <=
		       SL_ARENA_HEAP - SL_ARENA_STREAMS,
	       "messages run into sets");

static inline __u32 sl_stream_offset(__u32 place)
{
	return SL_ARENA_STREAMS + SL_STREAM_PLACES_OFFSET + place * (__u32)sizeof(struct sl_stream);
}

static inline __u32 sl_stream_bytes_offset(__u32 place)
{
	return SL_ARENA_STREAMS + SL_STREAM_BYTES_OFFSET + place * SL_STREAM_BYTES;
}

static inline __u32 sl_flow_stats_offset(__u32 cpu)
{
	return SL_ARENA_FLOWS + SL_FLOW_STATS_OFFSET + cpu * (__u32)sizeof(struct sl_flow_stats);
}

static inline __u32 sl_flow_offset(__u32 bucket, __u32 way)
{
	return SL_ARENA_FLOWS + SL_FLOW_PLACES_OFFSET +
	       (bucket * SL_FLOW_WAYS + way) * (__u32)sizeof(struct sl_flow);
}

/* flow: offset of its place */
static inline __u32 sl_flow_more_offset(__u32 flow)
{
	__u32 index = (flow - sl_flow_offset(0, 0)) / (__u32)sizeof(struct sl_flow);

	return SL_ARENA_FLOWS + SL_FLOW_MORE_OFFSET + index * (__u32)sizeof(struct sl_flow_more);
}

static inline __u32 sl_if_stats_offset(__u32 slot, __u32 ncpus, __u32 cpu)
{
	return SL_ARENA_IF + (slot * ncpus + cpu) * SL_PAGE_SIZE;
}

/* Once, when a program is loaded: a packet has no time to multiply. */
static inline void sl_prog_place(struct sl_prog_config *config, __u32 hook)
{
	config->charge = SL_ARENA_ROOT + (__u32) __builtin_offsetof(struct sl_root, iface) +
			 config->slot * (__u32)sizeof(struct sl_iface) +
			 (__u32) __builtin_offsetof(struct sl_iface, instance) + hook * 4;
	config->stats = sl_if_stats_offset(config->slot, config->ncpus, 0) +
			hook * (__u32)sizeof(struct sl_hook_stats);
}

static inline __u32 sl_rule_counter_offset(__u32 slot, __u32 rule_shift, __u32 cpu)
{
	return SL_ARENA_RULE + (cpu << rule_shift) + slot * (__u32)sizeof(struct sl_counter);
}
