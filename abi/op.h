/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "rule.h"

/*
 * What a rule asks and does beyond its box of addresses and ports: a body, and in it operations in
 * the order of the text. A match that does not hold ends the body, and the walk goes on with the
 * next record; a statement acts and goes on. A rule without any has no body.
 */

struct sl_body {
	__u64 link_value; /* key.link & link_mask == link_value */
	__u64 link_mask;
	__u64 xport_value; /* key.xport & xport_mask == xport_value */
	__u64 xport_mask;
	__u32 slot; /* the rule's counter and its state, see SL_ARENA_STATE */
	__u32 action; /* enum sl_verdict; SL_CONTINUE goes on with the next record */
	__u32 arg; /* of the action: struct sl_reject, index of a port; 0: none */
	__u16 needs; /* SL_NEEDS_ bits: what the hook must offer, for the operations and the action */
	__u16 nops; /* struct sl_op, one behind the other, follow */
};
_Static_assert(sizeof(struct sl_body) == 48, "layout");

/* At XDP there is no skb: a body that needs one is left to TC, and so are all rules behind it. */
#define SL_NEEDS_SKB 1U

/* Sets ask for MAC addresses: they are put into the key before operations run. */
#define SL_NEEDS_MACS 2U

/* Stages between parsing and the rules, each only for rule sets with a rule that asks for it. */
#define SL_NEEDS_INNER	4U /* packets within packets */
#define SL_NEEDS_FLOW	8U /* the flow table */
#define SL_NEEDS_APP	16U /* application messages */
#define SL_NEEDS_NAME	64U /* names in them */
#define SL_NEEDS_SCAN	32U /* patterns in the payload */
#define SL_NEEDS_STREAM 128U /* messages over TCP, and so the flows of TCP */

/* Matches first: sl_op_is_match(). */
#define SL_OPS(X)                                                                       \
	X(BITS, "a field of up to 8 bits, by a bit for each value")                     \
	X(RANGES, "a field of up to 16 bits, in ranges")                                \
	X(BYTES, "bytes of a layer, masked, in ranges")                                 \
	X(LENGTH, "a length of the packet, in ranges")                                  \
	X(MSS, "the maximum segment size a SYN offers, in ranges")                      \
	X(SET, "in a set")                                                              \
	X(IFACE, "the interface, by a bit for each slot")                               \
	X(SAMPLE, "one packet in N")                                                    \
	X(LIMIT, "a token bucket")                                                      \
	X(APP_NUMBER, "a number that the application's message has, in ranges")         \
	X(NAME, "the name in the application's message, among others")                  \
	X(APP_TEXT, "a text in the application's message, among others")                \
	X(FLOW, "what is known of the flow, in ranges")                                 \
	X(INNER, "tunnels and the packets in them, with operations of their own")       \
	X(ABOUT, "a packet in the packet: the operations behind are about it")          \
	X(ADDRS, "an address of one family, in ranges")                                 \
	X(TUNNEL, "the tunnel that a packet carries another by")                        \
	X(CONTAINS, "needles in the payload")                                           \
	/* From here on statements. */                                                  \
	X(LOG, "an event with the packet's first bytes")                                \
	X(MARK, "the skb's mark")                                                       \
	X(PRIORITY, "the skb's priority")                                               \
	X(SET_DSCP, "DSCP, the checksum with it")                                       \
	X(SET_TTL, "TTL or hop limit, the checksum with it")                            \
	X(SET_VLAN, "VLAN id or priority of the outer tag; one more tag, or one fewer") \
	X(SET_MSS, "the maximum segment size of a SYN, if it is larger")                \
	X(SET_BYTES, "bytes of a layer, the checksum with them")                        \
	X(BAN, "an address into a set with a timeout")                                  \
	X(MIRROR, "a copy to another interface")

enum sl_op_kind {
#define X(name, text) SL_OP_##name,
	SL_OPS(X)
#undef X
	SL_OP_MAX_
};

/* Every operation starts so and is a multiple of 8 bytes long. */
struct sl_op {
	__u8 kind; /* enum sl_op_kind */
	__u8 negate; /* matches: hold when the rest says they do not */
	__u16 size; /* bytes, this header included */
	__u32 arg; /* by kind */
};
_Static_assert(sizeof(struct sl_op) == 8, "layout");

/* Where in the key a field is. */
enum sl_word {
	SL_WORD_LINK = SL_REF_LINK,
	SL_WORD_XPORT = SL_REF_XPORT,
	SL_WORD_PORTS = SL_REF_PORTS,
};

/* op.arg: word << 8 | shift, bits beyond the field masked by width << 16. */
#define SL_OP_FIELD(word, shift, width) ((__u32)(width) << 16 | (__u32)(word) << 8 | (shift))

struct sl_op_bits {
	struct sl_op op;
	__u64 bits[4];
};

struct sl_op_ranges {
	struct sl_op op;
	__u32 count;
	__u32 pad;
	struct {
		__u16 low;
		__u16 high;
	} range[]; /* ascending */
};

/* What an offset counts from. */
#define SL_BASES(X)               \
	X(FRAME, "frame")         \
	X(NETWORK, "network")     \
	X(TRANSPORT, "transport") \
	X(PAYLOAD, "payload")

enum sl_base {
#define X(name, word) SL_BASE_##name,
	SL_BASES(X)
#undef X
	SL_BASE_MAX_
};

/* In place of SL_BASE_FRAME of a packet in a tunnel, which begins later. */
#define SL_BASE_INNER_FRAME SL_BASE_MAX_

/* Up to 16 bytes as one big-endian number, right-aligned. Bytes past the layer's end: no match,
 * negated or not. */
struct sl_wide {
	__u64 high;
	__u64 low;
};

struct sl_op_bytes {
	struct sl_op op; /* arg: offset */
	__u8 base; /* enum sl_base */
	__u8 length; /* 1 to 16 */
	__u16 pad;
	__u32 count;
	struct sl_wide mask;
	struct {
		struct sl_wide low;
		struct sl_wide high;
	} range[];
};

enum sl_length_of {
	SL_LENGTH_FRAME,
	SL_LENGTH_PACKET, /* of the IP packet */
	SL_LENGTH_PAYLOAD,

	/* FLOW: with this packet. */
	SL_NUMBER_FLOW_STATE, /* enum sl_flow_state */
	SL_NUMBER_FLOW_TO, /* enum sl_flow_to */
	SL_NUMBER_FLOW_AGE, /* seconds */
	SL_NUMBER_FLOW_PACKETS, /* of both sides */
	SL_NUMBER_FLOW_BYTES,

	/* APP_NUMBER: of what abi/app.h knows of a message. */
	SL_NUMBER_APP, /* enum sl_app */
	SL_NUMBER_DNS, /* 0: query, 1: response */
	SL_NUMBER_DNS_QTYPE,
	SL_NUMBER_DNS_OPCODE,
	SL_NUMBER_DNS_RCODE,
	SL_NUMBER_TLS_VERSION,
	SL_NUMBER_QUIC_VERSION,
	SL_NUMBER_QUIC_TYPE,
	SL_LENGTH_MAX_,
};

/* LENGTH and APP_NUMBER (arg: enum sl_length_of), MSS. */
struct sl_op_spans {
	struct sl_op op;
	__u32 count;
	__u32 pad;
	struct {
		__u32 low;
		__u32 high;
	} span[];
};

/* FLOW (arg: enum sl_length_of). */
struct sl_op_amounts {
	struct sl_op op;
	__u32 count;
	__u32 pad;
	struct {
		__u64 low;
		__u64 high;
	} amount[];
};

/* The parts of a set's elements, in order. */
enum sl_set_part {
	SL_PART_NONE,
	SL_PART_SADDR,
	SL_PART_DADDR,
	SL_PART_SPORT,
	SL_PART_DPORT,
	SL_PART_SMAC,
	SL_PART_DMAC,
	SL_PART_PROTO,
	/* Names: in sets of type domain only, which have no other part. */
	SL_PART_QNAME,
	SL_PART_SNI,
	SL_PART_HOST,
};

#define SL_SET_PARTS 4

/* op.arg: offset of the struct sl_set. */
struct sl_op_set {
	struct sl_op op;
	__u8 part[SL_SET_PARTS]; /* enum sl_set_part */
	__u32 pad;
};

struct sl_op_iface {
	struct sl_op op; /* arg: index of the pattern in sl_ruleset.patterns */
};

/* INNER is the first of its body, which needs SL_NEEDS_INNER. op.arg: offset of */
struct sl_asks {
	__u32 nops; /* struct sl_op, one behind the other, follow */
	__u32 pad;
};

/* ABOUT: there is such a packet, and it is in one of these classes, where a rule's box would stand. */
struct sl_op_about {
	struct sl_op op; /* arg: 1 for the packet in the frame's, 2 for the one in that */
	__u64 link_value; /* as in struct sl_body */
	__u64 link_mask;
	__u64 xport_value;
	__u64 xport_mask;
	__u32 classes; /* bit l3 * SL_L4_MAX_ + l4 */
	__u32 pad;
};

/* ADDRS. Holds for packets of the other family; who asks for one says so by classes. */
struct sl_op_addrs {
	struct sl_op op; /* arg: enum sl_set_part */
	__u32 count;
	__u32 l3; /* enum sl_l3 */
	struct {
		struct sl_wide low;
		struct sl_wide high;
	} range[]; /* ascending */
};

struct sl_op_tunnel {
	struct sl_op op; /* arg: 0 for the frame's packet, 1 for the one in it */
	__u32 tunnels; /* bit enum sl_tunnel */
	__u32 count; /* 0: any id, or none */
	struct {
		__u32 low;
		__u32 high;
	} span[]; /* of the id, ascending */
};

/* Names, by their hashes with SL_NAME_SELF and SL_NAME_BELOW for what is meant, ascending. */
struct sl_op_name {
	struct sl_op op; /* arg: enum sl_app */
	__u32 count;
	__u32 pad;
	__u64 name[];
};

/* Of what abi/app.h knows of a message. */
enum sl_text_of {
	SL_TEXT_TLS_ALPN, /* one of those that the client offers */
	SL_TEXT_HTTP_METHOD,
	SL_TEXT_HTTP_PATH,
	SL_TEXT_HTTP_AGENT,
	SL_TEXT_SSH_SOFTWARE,
	SL_TEXT_MAX_
};

/* Its bytes follow, with zeros to the next multiple of 8. */
struct sl_text_form {
	__u16 length;
	__u8 any_before; /* it is the end of the text, or anywhere in it */
	__u8 any_behind;
	__u32 pad;
};
_Static_assert(sizeof(struct sl_text_form) == 8, "layout");

struct sl_op_text {
	struct sl_op op; /* arg: enum sl_text_of */
	__u32 count; /* struct sl_text_form, one behind the other, follow */
	__u8 nocase;
	__u8 pad[3];
};
_Static_assert(sizeof(struct sl_op_text) == 16, "layout");

/* SAMPLE: op.arg is N. */

/* Any of these needles. */
struct sl_op_contains {
	struct sl_op op;
	__u32 count;
	__u32 pad;
	__u16 needle[]; /* indexes in sl_scan.needles */
};

enum sl_limit_per {
	SL_LIMIT_RULE,
	SL_LIMIT_SADDR,
	SL_LIMIT_DADDR,
	SL_LIMIT_FLOW,
};

/*
 * A token bucket in time: a packet costs unit_ns (for each byte when bytes is set), and the bucket
 * holds burst_ns. Holds when there were tokens; with over set when there were none.
 */
struct sl_op_limit {
	struct sl_op op; /* arg: enum sl_limit_per */
	__u8 over;
	__u8 bytes;
	__u16 index; /* of this limit among those of the rule */
	__u32 pad;
	__u64 cost_ns_q8; /* of a packet, or of a byte (then below 2^46), in 1/256 ns */
	__u64 burst_ns; /* below 2^58 */
};

/* op.arg: bytes of the packet in the event, at most SL_SNAP_MAX; 0: none. */
struct sl_op_log {
	struct sl_op op;
	__u64 cost_ns_q8; /* the rule's own bucket of events, as in sl_op_limit; 0: no limit */
	__u64 burst_ns;
	__u32 sample; /* one event in that many packets; 0 and 1: each */
	__u32 pad;
};

/* MARK, PRIORITY: value = value & ~mask | op.arg */
struct sl_op_mark {
	struct sl_op op;
	__u32 mask;
	__u32 pad;
};

/* SET_DSCP, SET_TTL, SET_MSS: op.arg is the value. SET_VLAN: */
enum sl_vlan_change {
	SL_VLAN_ID,
	SL_VLAN_PCP,
	SL_VLAN_PUSH,
	SL_VLAN_POP,
};

struct sl_op_vlan {
	struct sl_op op; /* arg: the value; of PUSH the tag control word */
	__u32 change; /* enum sl_vlan_change */
	__u32 pad;
};

/* The bytes lie in one of: what precedes the network header, the IP header, what is behind it. */
struct sl_op_write {
	struct sl_op op; /* arg: offset */
	__u8 base; /* enum sl_base */
	__u8 length; /* 1 to 16 */
	__u16 pad[3];
	__u8 value[16];
	__u8 mask[16]; /* bits that are written */
};

/* op.arg: offset of the struct sl_set; parts are where sl_op_set has them. */
struct sl_op_ban {
	struct sl_op op;
	__u8 part[SL_SET_PARTS];
	__u32 pad;
};

/* MIRROR: op.arg is the index of the port in sl_ruleset.ports. */

/* sl_body.arg of SL_REJECT, or see struct sl_reply */
enum sl_reject {
	SL_REJECT_AUTO, /* RST to TCP, port unreachable to the rest */
	SL_REJECT_TCP_RESET,
	SL_REJECT_NET,
	SL_REJECT_HOST,
	SL_REJECT_PORT,
	SL_REJECT_ADMIN, /* administratively prohibited */
	SL_REJECT_BOTH, /* RST to both ends; needs an skb */
	SL_REJECT_NXDOMAIN, /* from here on replies to DNS queries */
	SL_REJECT_REFUSED,
	SL_REJECT_A,
	SL_REJECT_AAAA,
	SL_REJECT_MAX_,
};

/* Where a reply has an address, sl_body.arg is the offset of this. */
struct sl_reply {
	__u32 kind; /* enum sl_reject */
	__u32 pad;
	__u64 addr[2]; /* as on the wire; of IPv4 the first four bytes */
};
_Static_assert(sizeof(struct sl_reply) == 24, "layout");

static inline int sl_op_is_match(unsigned int kind)
{
	return kind < SL_OP_LOG;
}
