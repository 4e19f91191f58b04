/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "flow.h"
#include "stream.h"
#include "verdict.h"

/*
 * The compiled rule set: one block of memory that rules/ writes, the daemon copies into the arena
 * and dataplane/classify.h walks. Every reference is a byte offset from the start of the arena, so
 * the block is written for the address it will have there. Offset 0 is "none": page 0 of the arena
 * is never populated.
 *
 * A chain keeps records for each pair of network and transport class: what the packet is picks the
 * list, so a record is only met by packets that it could match. A rule stands in each list that it
 * may match in, once for each combination of its sets' elements. The elements of a rule are
 * disjoint, so a packet is in at most one record of a rule.
 *
 * A record is a box of addresses and ports. What else a rule asks or does is its body (abi/op.h).
 * Records of a list are found by decision trees: each step looks at some bits of the key, and a leaf
 * holds all records of its tree, in the order of the rules, that a packet which came there can be in.
 */

#define SL_L3S(X) \
	X(OTHER)  \
	X(IP4)    \
	X(IP6)

enum sl_l3 {
#define X(name) SL_L3_##name,
	SL_L3S(X)
#undef X
	SL_L3_MAX_
};

/* SL_L4_OTHER: no transport header that Sluice reads, or one that could not be read. */
#define SL_L4S(X) \
	X(OTHER)  \
	X(TCP)    \
	X(UDP)    \
	X(SCTP)   \
	X(ICMP)

enum sl_l4 {
#define X(name) SL_L4_##name,
	SL_L4S(X)
#undef X
	SL_L4_MAX_
};

/*
 * The link word of a packet: what precedes the network header. A tag's priority and id are those
 * of the frame; a tag that is absent is all zero, and only the tag count tells it from id 0.
 */
#define SL_LINK_ETHERTYPE_SHIFT 0 /* 16 bits, host order, after all tags */
#define SL_LINK_VLAN_SHIFT	16 /* 12 bits id of the outer tag */
#define SL_LINK_PCP_SHIFT	28 /* 3 bits priority of the outer tag */
#define SL_LINK_IVLAN_SHIFT	31 /* 12 bits id of the second tag */
#define SL_LINK_IPCP_SHIFT	43 /* 3 bits priority of the second tag */
#define SL_LINK_TAGS_SHIFT	46 /* 3 bits, number of tags: 0 to 4 */
#define SL_LINK_SLOT_SHIFT	49 /* 8 bits, interface slot */

/* The transport word of a packet. Parts that the packet does not have are zero. */
#define SL_XPORT_PROTO_SHIFT 0 /* 8 bits, IPv4 protocol or last IPv6 next header */
#define SL_XPORT_FLAGS_SHIFT 8 /* 8 bits, TCP flags FIN=1 .. CWR=128 */
#define SL_XPORT_FRAG_SHIFT  24 /* 2 bits, enum sl_frag_kind */
#define SL_XPORT_DSCP_SHIFT  26 /* 6 bits */
#define SL_XPORT_TTL_SHIFT   32 /* 8 bits, TTL or hop limit */
#define SL_XPORT_EXT_SHIFT   40 /* 8 bits, 1 << enum sl_ext for each kind of IPv6 extension header */

enum sl_frag_kind {
	SL_FRAG_NONE,
	SL_FRAG_FIRST,
	SL_FRAG_LATER,
};

enum sl_ext {
	SL_EXT_HOPOPTS,
	SL_EXT_ROUTING,
	SL_EXT_FRAGMENT,
	SL_EXT_DSTOPTS,
	SL_EXT_AH,
	SL_EXT_ESP,
	SL_EXT_MOBILITY,
	SL_EXT_OTHER,
};

/* What of a packet the rules can see. All host order. */
struct sl_key {
	__u64 link;
	__u64 xport;
	__u64 addr[4]; /* IPv4: [0] = saddr << 32 | daddr. IPv6: saddr high, low, daddr high, low */
	__u16 sport; /* SL_L4_ICMP: type */
	__u16 dport; /* SL_L4_ICMP: code. SL_L4_OTHER: protocol number, 0 if not IP */
	__u8 l3; /* enum sl_l3 */
	__u8 l4; /* enum sl_l4 */
	__u16 named; /* 1: there are rules for the name in the packet, see struct sl_named_index */
	__u32 from; /* place of the first rule to ask, see sl_record4.order: those before did not decide */
	__u32 hits; /* lists of records that the payload leads to, see hits.h; set by its stage */
};
_Static_assert(sizeof(struct sl_key) == 64, "layout");

/* sl_record4.order and sl_record6.order */
#define SL_ORDER_PLACE	       0x0fffffffU /* of the rule in its chain, from 1 */
#define SL_ORDER_VERDICT_SHIFT 28 /* 3 bits, enum sl_verdict; SL_CONTINUE counts and goes on */
#define SL_ORDER_BODY	       0x80000000U

/* In the lists of SL_L3_OTHER (addr_mask 0) and SL_L3_IP4. A packet is in it when all hold. */
struct sl_record4 {
	__u64 addr_value; /* key.addr[0] & addr_mask == addr_value */
	__u64 addr_mask;
	__u16 sport_low; /* key.sport in low .. low + span */
	__u16 sport_span;
	__u16 dport_low;
	__u16 dport_span;
	__u32 order;
	__u32 target; /* SL_ORDER_BODY: offset of the rule's struct sl_body, else its counter slot */
};
_Static_assert(sizeof(struct sl_record4) == 32, "two in a cache line");

/* In the lists of SL_L3_IP6. */
struct sl_record6 {
	__u64 addr_value[4]; /* zero behind the prefixes */
	__u16 sport_low;
	__u16 sport_span;
	__u16 dport_low;
	__u16 dport_span;
	__u32 order;
	__u32 target;
	__u8 saddr_len; /* of the prefix */
	__u8 daddr_len;
	__u8 pad[14];
};
_Static_assert(sizeof(struct sl_record6) == 64, "a cache line");

/* Counter slots start at 1. */
#define SL_NO_SLOT 0U

/*
 * A reference to a tree: all that a step needs, so that a step reads memory once. 0: no tree, or a
 * leaf without records.
 *
 *   leaf  bits 0-31   offset of the records
 *         bits 32-62  bytes that they take
 *   cut   bits 0-31   offset of the references to the children
 *         bits 32-37  left, bits 38-43  right: the child's number is word << left >> right
 *         bits 44-46  which word of the key, enum sl_ref_word
 *         bit  63     set
 */
#define SL_REF_CUT	   (1ULL << 63)
#define SL_REF_BYTES_SHIFT 32
#define SL_REF_LEFT_SHIFT  32
#define SL_REF_RIGHT_SHIFT 38
#define SL_REF_WORD_SHIFT  44

/* In 64-bit words of the key. */
enum sl_ref_word {
	SL_REF_LINK,
	SL_REF_XPORT,
	SL_REF_ADDR0,
	SL_REF_ADDR1,
	SL_REF_ADDR2,
	SL_REF_ADDR3,
	SL_REF_PORTS, /* sport in bits 0-15, dport in bits 16-31: the programs are little-endian */
};
_Static_assert(__builtin_offsetof(struct sl_key, addr) == 8UL * SL_REF_ADDR0, "layout");
_Static_assert(__builtin_offsetof(struct sl_key, sport) == 8UL * SL_REF_PORTS, "layout");

/* A list is split where one tree would need rules in too many of its leaves. */
#define SL_TREES 4

struct sl_list {
	__u64 tree[SL_TREES]; /* no tree behind the first 0 */
};

/*
 * Rules that ask for a name stand in no tree. They are found by the name: an index for each chain
 * has the names that its rules ask for, by their hashes (abi/app.h), and where the records are for
 * the name itself and for names below it. A level of records is followed by the one for the nearest
 * name above, so that whoever finds the longest of the names that a packet is about has them all.
 * Lists that such records belong to have two trees at least, see SL_TREES, though these may be empty.
 */
struct sl_named_part {
	__u32 class; /* enum sl_l3 * SL_L4_MAX_ + enum sl_l4 */
	__u32 at; /* records, in the order of the rules */
	__u32 end;
	__u32 pad;
};

struct sl_named_level {
	__u32 next; /* offset of the level above; 0: none */
	__u32 count;
	struct sl_named_part part[];
};

struct sl_named_entry {
	__u64 hash; /* its lower two bits are 0 */
	__u32 self; /* offset of the first level for the name; both 0: there is no entry */
	__u32 below;
};

struct sl_named_index {
	__u32 mask; /* entries but one, a power of two; from hash >> 32 on */
	__u32 pad[3];
	struct sl_named_entry entry[];
};

struct sl_chain {
	struct sl_list list[SL_L3_MAX_][SL_L4_MAX_]; /* [enum sl_l3][enum sl_l4] */
	__u32 policy; /* enum sl_verdict */
	__u32 policy_slot; /* counter of the packets that the policy decided */
};
_Static_assert(sizeof(struct sl_chain) == 32 * SL_L3_MAX_ * SL_L4_MAX_ + 8, "layout");

/* Interfaces that rules ask for. */
struct sl_pattern {
	__u32 text; /* offset of a NUL-terminated string, see sl_pattern_matches() */
	__u32 pad;
	__u64 slots
		[4]; /* a bit for each interface slot whose name matches; written by the daemon */
};
_Static_assert(sizeof(struct sl_pattern) == 40, "layout");

/* An interface that rules redirect or mirror to. */
struct sl_rule_port {
	__u32 name; /* offset of a NUL-terminated string */
	__u32 ifindex; /* 0: not there now; written by the daemon */
};
_Static_assert(sizeof(struct sl_rule_port) == 8, "layout");

/* What a restarted daemon must know of a rule that runs. Read by user space only. */
struct sl_rule {
	__u32 name; /* offset of a NUL-terminated string */
	__u32 text; /* offset of the rule as `sluicectl rules` shows it */
	__u16 dir; /* enum sl_dir */
	__u16 is_policy; /* 1: stands for the chain's policy */
	__u32 slot; /* counter: stays with the rule's name over reloads, see SL_ARENA_RULE */
};
_Static_assert(sizeof(struct sl_rule) == 16, "layout");

struct sl_ruleset {
	__u64 generation; /* rises with each rule set that was loaded */
	__u64 drop_reasons; /* bit r: packets with enum sl_reason r are dropped */
	__u64 loaded_at; /* seconds since the epoch */
	__u32 size; /* bytes of the whole block, from this header on */
	__u32 nrules; /* policies included */
	__u32 rules; /* offset of struct sl_rule[nrules], in file order, policies after their chain */
	__u32 source; /* offset of the NUL-terminated text that `sluicectl show` prints */
	__u32 sets; /* offset of the sets that operations name by index */
	__u32 nsets;
	__u32 patterns; /* offset of struct sl_pattern[npatterns] */
	__u32 npatterns;
	__u32 ports; /* offset of struct sl_rule_port[nports] */
	__u32 nports;
	__u32 needs; /* SL_NEEDS_ bits, but SL_NEEDS_SKB: a body does */
	__u32 scan; /* offset of the struct sl_scan; 0: no rule asks for the payload */
	struct sl_flow_conf flows;
	__u32 names
		[SL_DIR_MAX_]; /* offset of struct sl_named_index; 0: no rule is found by a name */
	struct sl_chain chain[SL_DIR_MAX_];
};
_Static_assert(sizeof(struct sl_ruleset) == 144 + SL_DIR_MAX_ * sizeof(struct sl_chain), "layout");
