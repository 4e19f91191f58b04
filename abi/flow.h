/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/*
 * The flow table. Both directions of a flow are one entry, found by addresses, protocol and ports;
 * interface and VLAN are no part of it, so that a flow that is routed or comes back another way is
 * one flow all the same. A flow is in one bucket of SL_FLOW_WAYS places, in most cases at the one that
 * its hash is looked for first. What each of its packets reads and writes is one cache line, and the
 * lines of a bucket are in one page: what a packet waits for is memory. The rest is elsewhere, at the
 * same index.
 *
 * A tag that is 0 says that the place is free. A place is taken by a compare-and-swap of its tag to
 * SL_FLOW_BUSY, written, and given free by the store of its own tag. Its serial is odd meanwhile: who
 * read an entry and finds the same even serial behind that has read one flow.
 */
#define SL_FLOW_WAYS	 8U
#define SL_FLOW_SIZE_MIN 1024U
#define SL_FLOW_SIZE	 65536U /* unless the configuration says otherwise */
#define SL_FLOW_SIZE_MAX 524288U

/* What rules and listings say of a flow, and of a packet in it. */
#define SL_FLOW_STATES(X)                                             \
	X(NONE, "none")                                               \
	X(NEW, "new")                                                 \
	X(ESTABLISHED, "established")                                 \
	X(CLOSING, "closing")                                         \
	X(MIDSTREAM, "midstream")                                     \
	/* Of packets only: an ICMP error about one of the flow's. */ \
	X(RELATED, "related")

enum sl_flow_state {
#define X(name, word) SL_FLOW_##name,
	SL_FLOW_STATES(X)
#undef X
	SL_FLOW_STATE_MAX_
};

/* Where a packet goes. The client is who sent the first packet; of a SYN-ACK, who gets it. */
#define SL_FLOW_TOS(X)      \
	X(SERVER, "server") \
	X(CLIENT, "client")

enum sl_flow_to {
#define X(name, word) SL_FLOW_TO_##name,
	SL_FLOW_TOS(X)
#undef X
	SL_FLOW_TO_MAX_
};

/* How long a flow may be idle, in seconds, unless the configuration says otherwise. */
/* clang-format off */
#define SL_FLOW_CLASSES(X)                                   \
	X(FREE,            "free",            0)             \
	X(TCP_NEW,         "tcp-new",         60)            \
	X(TCP_ESTABLISHED, "tcp-established", 7200)          \
	X(TCP_CLOSING,     "tcp-closing",     60)            \
	X(TCP_MIDSTREAM,   "tcp-midstream",   600)           \
	X(UDP_NEW,         "udp-new",         30)            \
	X(UDP_ESTABLISHED, "udp-established", 180)           \
	X(ICMP,            "icmp",            30)            \
	X(OTHER,           "other",           600)
/* clang-format on */

enum sl_flow_class {
#define X(name, word, seconds) SL_FLOW_CLASS_##name,
	SL_FLOW_CLASSES(X)
#undef X
	SL_FLOW_CLASS_MAX_
};

/* In ticks of 2^20 ns, so that a 32-bit word of them has 52 days. */
#define SL_FLOW_TICK_SHIFT     20
#define SL_FLOW_TIMEOUT_MAX    (7U * 86400U) /* seconds */
#define SL_FLOW_TICKS(seconds) ((__u32)((__u64)(seconds) * 1000000000ULL >> SL_FLOW_TICK_SHIFT))

/* What a rule set says of the table. */
struct sl_flow_conf {
	__u32 mask; /* buckets less one; a power of two less one */
	__u32 streams; /* messages that are put together at a time; a power of two */
	__u32 timeout[14]; /* [enum sl_flow_class], ticks */
};
_Static_assert(SL_FLOW_CLASS_MAX_ <= 14, "timeouts");

/* tag: hash << 40 | class << 32 | ticks at which the flow was seen last */
#define SL_FLOW_TAG_HASH  40
#define SL_FLOW_TAG_CLASS 32
#define SL_FLOW_BUSY	  255U /* class of a place that is being written */

/*
 * Side 0 is the lower of the two by address, then port. IPv4: addr[0] = side 0 << 32 | side 1. IPv6:
 * side 0 high, low, side 1 high, low.
 */
struct sl_flow_key {
	__u64 addr[4];
	__u64 rest; /* see SL_FLOW_REST */
};

/*
 * ICMP that asks or answers: the ports are the identifier and the type of the request. A protocol
 * without ports: 0. l3 is enum sl_l3.
 */
#define SL_FLOW_REST(port0, port1, proto, l3) \
	((__u64)(port0) | (__u64)(port1) << 16 | (__u64)(proto) << 32 | (__u64)(l3) << 40)
#define SL_FLOW_PORT(rest, side) ((__u16)((rest) >> 16 * (side)))
#define SL_FLOW_PROTO(rest)	 ((__u8)((rest) >> 32))
#define SL_FLOW_L3(rest)	 ((__u8)((rest) >> 40))

/* sl_flow.state: enum sl_flow_state and what is remembered to find the next one. */
#define SL_FLOW_STATE(word) ((word) & 0xff)
#define SL_FLOW_SHAKEN	    0x100U /* TCP: the client has acknowledged the server's SYN */

/* sl_flow.verdict: what the rest of the flow gets, 0: nothing is decided */
#define SL_FLOW_VERDICT(verdict, slot) ((__u32)(slot) << 8 | (verdict))
#define SL_FLOW_SLOT(word)	       ((word) >> 8)

/* sl_body.arg of SL_ACCEPT and SL_DROP: for the rest of the flow, too. */
#define SL_FLOW_ALL 1U

/* What is known of the bytes of TCP that a side sends, see dataplane/stream.h. */
enum sl_side_state {
	SL_SIDE_NEW, /* none have come */
	SL_SIDE_OTHER, /* up to end they are no message */
	SL_SIDE_PART, /* a message is put together */
	SL_SIDE_WHOLE, /* up to end they are a message */
	SL_SIDE_GIVEN_UP, /* up to end they are one that could not be put together */
	SL_SIDE_OVER, /* nothing of it is looked at any more */
};

struct sl_flow_side {
	__u32 base; /* sequence number of the first byte that the state is about */
	__u32 end; /* bytes from there on */
	__u32 ticket; /* of the stream that holds them, 0: none */
	__u16 stream; /* which one */
	__u8 state; /* enum sl_side_state */
	__u8 reason; /* of GIVEN_UP: enum sl_reason */
};
_Static_assert(sizeof(struct sl_flow_side) == 16, "layout");

#define SL_FLOW_NAME 88U

/* What is known of the application. Zero in a new flow. */
struct sl_flow_app {
	struct sl_flow_side side[2];
	__u32 lock; /* 1: a program puts a message together */
	__u8 app; /* enum sl_app: of the last message that was found */
	__u8 length; /* of its name; what is in name are the last bytes of a longer one */
	__u8 pad[2];
	__u8 name[SL_FLOW_NAME];
};
_Static_assert(sizeof(struct sl_flow_app) == 128, "two cache lines");

/*
 * A number of 63 bits in two words, of which most packets write the lower one alone. The upper one
 * counts how often the top bit of that has changed, and is written behind it: where the two do not
 * agree, one is to come. Who reads them reads the upper one first.
 */
static inline __u32 sl_flow_upper(__u32 low, __u32 high)
{
	return high + ((high ^ low >> 31) & 1);
}

static inline __u64 sl_flow_sum(__u32 low, __u32 high)
{
	return (__u64)sl_flow_upper(low, high) << 31 | (low & 0x7fffffff);
}

struct sl_flow_count {
	__u32 packets;
	__u32 bytes; /* of frames */
};

struct sl_flow {
	__u64 tag;
	__u64 addr; /* sl_flow_key.addr[0] */
	__u64 rest; /* sl_flow_key.rest */
	__u32 serial; /* even: whole. Another one for each flow that has had this place */
	__u32 state; /* changed by compare-and-swap */
	__u32 verdict; /* SL_FLOW_VERDICT, one store; slot: of the rule that said so */
	__u8 client; /* side */
	__u8 pad[3];
	struct sl_flow_count count[2]; /* [side that sent]: the lower words */
	/*
	 * Who counts what a side sends: the first hook of an interface that saw one of its packets,
	 * or the next one when that has seen none for SL_FLOW_POINT_AGE. 0: none.
	 */
	__u32 point[2]; /* SL_FLOW_POINT << SL_FLOW_POINT_SHIFT | SL_FLOW_SEEN of the last one */
};
_Static_assert(sizeof(struct sl_flow) == 64, "a cache line");

struct sl_flow_more {
	__u64 addr[3]; /* sl_flow_key.addr[1] and on */
	__u64 since; /* ns, coarse monotonic clock: first packet */
	struct sl_flow_count high[2]; /* the upper words of the counts */
	/* TCP: initial sequence number that a side's SYN had, 0 where none was seen */
	__u32 isn[2];
	__u64 pad;
	struct sl_flow_app app;
};
_Static_assert(__builtin_offsetof(struct sl_flow_more, app) == 64, "a cache line");

#define SL_FLOW_POINT(slot, hook) (1U + (slot) * 4U + (hook))
#define SL_FLOW_POINT_SHIFT	  21
#define SL_FLOW_SEEN_MASK	  ((1U << SL_FLOW_POINT_SHIFT) - 1)

/* In half seconds: it has twelve days. */
#define SL_FLOW_SEEN(ticks) ((ticks) >> 9 & SL_FLOW_SEEN_MASK)
#define SL_FLOW_POINT_AGE   SL_FLOW_SEEN(SL_FLOW_TICKS(10))

/* Key of the hash: user space sets it by chance when it makes the table. */
struct sl_flow_table {
	__u32 secret[12];
};

/* What a CPU did with the table. */
struct sl_flow_stats {
	__u64 made;
	__u64 evicted; /* not yet timed out, and the oldest in a bucket that was full */
	__u64 unplaced; /* not made: other CPUs took the places of the bucket at the same time */
	__u64 pad[5];
};
_Static_assert(sizeof(struct sl_flow_stats) == 64, "a cache line");

/* From SL_ARENA_FLOWS on. */
#define SL_FLOW_STATS_OFFSET  0x00010000U /* struct sl_flow_stats, one for each CPU */
#define SL_FLOW_PLACES_OFFSET 0x00100000U /* struct sl_flow, SL_FLOW_WAYS for each bucket */
#define SL_FLOW_MORE_OFFSET   0x04000000U /* struct sl_flow_more, one for each place */
_Static_assert(SL_FLOW_SIZE_MAX * sizeof(struct sl_flow) <=
		       SL_FLOW_MORE_OFFSET - SL_FLOW_PLACES_OFFSET,
	       "places run into what is not in them");
