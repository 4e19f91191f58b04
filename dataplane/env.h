/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What depends on where the pipeline runs. The entries of XDP and TC define these functions, and so
 * does the host build. SL_CTX is the type of what the kernel hands to the entry.
 */

#include "../abi/event.h"
#include "../abi/flow.h"
#include "../abi/frag.h"
#include "../abi/inner.h"
#include "../abi/limit.h"
#include "../abi/needle.h"
#include "../abi/op.h"
#include "pkt.h"

/* The longest answer to a rejected packet: RFC 4443, 2.4 (c). RFC 1812, 4.3.2.3: 576 for IPv4. */
#define SL_ANSWER4_MAX 576U
#define SL_ANSWER6_MAX 1280U

/* Bytes of payload that are fetched at once. */
#define SL_FETCH      64U
#define SL_FETCH_WIDE 256U

/* Bytes that a rule sets. */
#define SL_REWRITE_MAX 16

struct sl_rewrite {
	__u32 offset; /* in the frame */
	__u32 length; /* 1 to 16 */
	__u8 value[SL_REWRITE_MAX];
	__u8 mask[SL_REWRITE_MAX]; /* bits that are set */
	__u8 bytes[SL_REWRITE_MAX]; /* as they were, and then as they are to be */
};

/* The answer to a rejected packet, from its IP header on: see reject.h. */
struct sl_answer {
	__u32 size;
	__u32 sum_at; /* where the transport's checksum is */
	__u32 pseudo; /* sum of the pseudo header */
	__u32 pad;
	__u8 bytes[SL_ANSWER6_MAX + 8];
};

/* One fragment, apart from the packet: see track.h. */
struct sl_piece {
	struct sl_frag_key key;
	__u16 first; /* 8-byte units */
	__u16 end;
	__u8 kind; /* enum sl_frag_kind */
	__u8 is_last;
	__u16 reason; /* out: enum sl_reason */
	__u32 verdict; /* in and out, as in struct sl_frag */
	__u32 slot;
	__u32 arg;
};

/* Where a segment's bytes are in what its side has sent: see stream.h. */
struct sl_streaming {
	__u32 app; /* offset of the flow's struct sl_flow_app */
	__u32 side; /* and of the side's struct sl_flow_side in it */
	__u32 seq; /* of the first byte that counts */
	__u32 from; /* where it is in the frame */
	__u32 length; /* bytes from there on */
	__u32 at; /* where it is from side->base on */
	__u32 have; /* of the message, in the work area */
};

/*
 * What the stages between parsing and the rules have found of the packet at hand, for the operations
 * of rules. Written by a stage that runs, read by operations of rule sets that need the stage.
 */
struct sl_found {
	__u32 app; /* offset of the struct sl_app_found; 0: none */
	__u32 names; /* offset of the struct sl_named_level; read when sl_key.named is set */
	__u32 flow; /* offset of the flow's entry; 0: it has none, or not yet */
	__u32 flow_serial; /* of the entry: another one now, and it is another flow's */
	__u8 flow_state; /* enum sl_flow_state with this packet; SL_FLOW_NONE: of no flow */
	__u8 flow_to; /* enum sl_flow_to */
	__u8 flow_side; /* that sent it: what the entry counts and remembers by side */
	__u8 flow_flags; /* TCP */
	__u32 flow_isn; /* of a SYN */
	struct sl_flow_key flow_key;
	__u64 flow_hash;
	__u64 flow_now; /* ns, coarse */
	__u64 flow_addr[4]; /* of the packet that an ICMP error quotes, as in struct sl_key */
	__u32 inner; /* packets within packets that sl_scratch.inner has */
	__u32 fresh; /* offset of the struct sl_flow_app for the entry that is made; 0: nothing is known */
	struct sl_streaming stream;
};

/* A packet in a tunnel, or the tunnel alone when what it carries is none that Sluice reads. */
struct sl_inner {
	__u8 tunnel; /* enum sl_tunnel: by which it came; NONE: there is none */
	__u8 has_id;
	__u16 pad;
	__u32 id; /* VNI, key or TEID */
	__u32 start; /* of the packet, in the frame */
	__u32 end;
	struct sl_facts facts; /* offsets are those in the frame, too */
};

/* Where the walk stands in the leaves of several trees. */
struct sl_leaves {
	__u32 list; /* offset of struct sl_list; 0: the leaves are found */
	__u32 from; /* place of the first rule that has not acted yet */
	__u32 at[SL_TREES];
	__u32 end[SL_TREES];
	__u32 order; /* of the record that was found */
	__u32 target;
	__u32 walks; /* that have begun, see classify_many() */
	__u32 pad;
};

/* Payload that is searched at a time, and what a gram at its end goes on to: see scan.h. */
#define SL_SCAN_CHUNK 512U
#define SL_SCAN_AHEAD 8U

/* Bytes of it for which one test says whether any place is worth a look. */
#define SL_SCAN_GROUP 32U

/* Places that are remembered before they are looked at, and those of one group more. */
#define SL_SCAN_PLACES 128U
#define SL_SCAN_ENOUGH (SL_SCAN_PLACES - SL_SCAN_GROUP)

/* Needles that seem to be somewhere, before it is made sure. */
#define SL_SCAN_GUESSES 32U

/* Needles that a packet can have before all their rules are gone through. */
#define SL_SCAN_HITS 16U

/* What the search in the payload of the packet at hand has found. */
struct sl_scanned {
	__u32 state; /* enum sl_scan_state */
	__u32 left; /* of the budget */
	__u32 nhits; /* needles that are there; the first ones in hit[] */
	__u16 hit[SL_SCAN_HITS];
	__u32 begin[SL_SCAN_HITS]; /* of the records of each one's rules */
	__u32 at[SL_SCAN_HITS]; /* how far they were gone through */
	__u32 end[SL_SCAN_HITS];
	__u32 nlists; /* in use of at and end */
	__u64 bits[SL_NEEDLES /
		   64]; /* a bit for each needle; set for those that hit[] has, or all */
};

static __always_inline bool sl_scan_has(const struct sl_scanned *scanned, __u32 needle)
{
	return scanned->bits[needle / 64 & (SL_NEEDLES / 64 - 1)] >> (needle & 63) & 1;
}

/*
 * A mirrored packet may have come through this very program meanwhile, and what was found in it is
 * the same; but it has gone through the rules on its own.
 */
static __always_inline void sl_scan_rewind(struct sl_scanned *scanned)
{
	for (__u32 i = 0; i < SL_SCAN_HITS; i++)
		scanned->at[i] = scanned->begin[i];
}

/* A gram of the payload that passed the sieve. */
struct sl_scan_place {
	__u64 text; /* of the payload from there on */
	__u32 place;
	__u32 hash; /* of the gram */
};

struct sl_scan_guess {
	__u32 needle;
	__u32 place;
};

/*
 * Where the search stands. It goes on from function to function by what is here, and none calls
 * another: there is no stack for that.
 */
struct sl_scanning {
	__u32 start; /* of the payload, in the frame */
	__u32 end;
	__u32 length; /* of the frame */
	__u32 kind; /* enum sl_sieve_kind: the sieve in use */
	__u32 bits; /* of it, as in struct sl_sieve */
	__u32 shift;
	__u32 from; /* what has not been through it, in the frame */
	__u32 nplaces;
	__u32 looked; /* of them have been looked at */
	__u32 gram; /* in the bucket of the next one: where the look goes on; 0: at the start */
	__u32 nguesses;
	struct sl_scan_place places[SL_SCAN_PLACES];
	struct sl_scan_guess guesses[SL_SCAN_GUESSES];
	__u8 chunk[SL_SCAN_CHUNK + SL_SCAN_AHEAD]; /* payload that does not lie in one piece */
	__u64 text[SL_NEEDLE_MAX / 8]; /* as long as a needle */
};

/*
 * Memory for what only some packets need: the stack of a program is 512 bytes, with those of all
 * functions that it is in. One for each CPU and program.
 */
struct sl_scratch {
	__u8 window[SL_WINDOW_LONG]; /* where it does not lie in one piece */
	__u8 header[SL_HEADER_MAX];
	__u8 fetch[SL_FETCH_WIDE]; /* of payload: see fetch.h */
	struct sl_piece piece;
	struct sl_leaves leaves;
	struct sl_found found;
	__u8 inner_window[SL_WINDOW_LONG];
	struct sl_inner inner[SL_INNER_DEPTH + 1]; /* the last one is looked for, not into */
	struct sl_scanned scanned;
	union {
		struct sl_scanning scanning;
		__u8 options[40]; /* of IPv4, of TCP */
		struct sl_rewrite rewrite;
		struct {
			struct sl_event event;
			__u8 snap[SL_SNAP_MAX];
		};
		struct sl_answer answer;
	};
};

/* NULL: never; the verifier cannot know. */
static __always_inline struct sl_scratch *sl_scratch(void);

static __always_inline void *sl_header_room(void)
{
	struct sl_scratch *scratch = sl_scratch();

	return scratch ? scratch->header : NULL;
}

/*
 * The packet's bytes; 0 or a negative errno. Operations make a view of their own: the verifier of
 * Linux 6.12 to 6.18 loses one that a function was handed and that is spilled to its stack.
 */
static __always_inline int sl_view(SL_CTX *ctx, struct bpf_dynptr *view);

static __always_inline __u32 sl_random(void);
static __always_inline __u64 sl_clock(void); /* ns, monotonic */
static __always_inline __u32 sl_cpu(void);
static __always_inline __u32 sl_iface_slot(void);
static __always_inline __u32 sl_rule_counters(__u32 cpu); /* offset of a CPU's */
static __always_inline __u32 sl_hook_counters(__u32 cpu); /* of its struct sl_hook_stats */
static __always_inline bool sl_is_traced(void);

/* An event into the ring; false when it is full. */
static __always_inline bool sl_event_emit(const void *event, __u32 size);

/* The bucket of an address or flow, made when missing; NULL when there is no room. */
static __always_inline __u64 *sl_limit_get(const struct sl_limit_key *key);

/* --- changes to the packet; 0 or a negative errno --- */

/* What of checksums covers the bytes that are written. */
enum sl_covered {
	SL_COVERED_NOT, /* link header */
	SL_COVERED_BY_SKB, /* only by the sum over all that a NIC may have left with the skb */
	SL_COVERED, /* by a checksum that is put right with sl_fix_sum() */
};

static __always_inline int sl_write(const struct bpf_dynptr *view, __u32 offset, void *bytes,
				    __u32 size, enum sl_covered covered);

/* A checksum of what changed by diff, a ones' complement sum as it lies in memory. */
enum sl_sum {
	SL_SUM_IP4,
	SL_SUM_DATA, /* of transport: its header or what follows */
	SL_SUM_PSEUDO, /* of transport: addresses */
};

static __always_inline int sl_fix_sum(SL_CTX *ctx, const struct bpf_dynptr *view, __u32 offset,
				      __u32 diff, enum sl_sum sum, bool is_udp);

/*
 * The answer of reject.h in place of the packet, ready to be sent back; SL_REASON_NONE: it is.
 * moves: the program may move packet data to make room, and so is another program to the verifier.
 */
static __always_inline enum sl_reason sl_reject(struct sl_pkt *pkt, __u32 kind, const bool moves);

#ifdef SL_HAS_SKB

/* --- what needs an skb, see SL_NEEDS_SKB --- */

static __always_inline void sl_skb_mark(SL_CTX *ctx, __u32 value, __u32 mask);
static __always_inline void sl_skb_priority(SL_CTX *ctx, __u32 value, __u32 mask);
/* A copy out of another interface. */
static __always_inline int sl_skb_mirror(SL_CTX *ctx, __u32 ifindex);
/* Ethertype of the tag that was taken out of the frame. */
static __always_inline __u32 sl_skb_tag_proto(SL_CTX *ctx);
/* Tags off and on, as noted by op_vlan.h; 0 or a negative errno. */
static __always_inline int sl_skb_tags(SL_CTX *ctx, const struct sl_facts *facts);

#endif
