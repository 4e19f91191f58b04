/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Frames as data. A frame is a list of layers; each layer has fields that make sense by
 * themselves, and a test names only those that it is about:
 *
 *   pkt(eth(), vlan(.id = 5), ip4(.ttl = 3), udp(.dport = 53), data(10), pad(4))
 *
 * A field that is AUTO says the truth about what follows: lengths, header lengths, protocol
 * numbers, checksums of IPv4 headers. Any of them may be given another value, and then lies: the
 * bytes of the layers stay what they are. All of it is constant, so rows are static tables.
 */

#include <stddef.h>

#include <linux/types.h>

#define PACKET_MAX (72U << 10)

#define AUTO (-1)

enum layer_kind {
	LAYER_END,
	LAYER_ETH,
	LAYER_VLAN,
	LAYER_ARP,
	LAYER_IP4,
	LAYER_IP6,
	LAYER_EXT,
	LAYER_FRAGMENT,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_SCTP,
	LAYER_ICMP,
	LAYER_ICMP6,
	LAYER_BYTES,
	LAYER_DATA,
	LAYER_PAD,
	LAYER_CUT,
};

/* Who sends, unless a row says otherwise. */
#define SRC4	0x0a4d0001U /* 10.77.0.1 */
#define DST4	0x0a4d0002U
#define SRC6_HI 0x20010db800770000ULL /* 2001:db8:77::1 */
#define SRC6_LO 1ULL
#define DST6_LO 2ULL

#define FIN 1
#define SYN 2
#define RST 4
#define PSH 8
#define ACK 16

struct layer {
	enum layer_kind kind;
	union {
		struct {
			int type;
			__u8 src[6], dst[6];
		} eth;
		struct {
			int type, id, pcp, dei;
		} vlan;
		struct {
			int hardware, protocol, hlen, plen, op;
		} arp;
		struct {
			int version, ihl, tos, len, id, df, mf, evil;
			int offset; /* bytes, a multiple of 8 */
			int ttl, proto;
			__u32 src, dst;
			const char *opts;
			size_t optlen;
		} ip4;
		struct {
			int version, tc, len, next, hop;
			__u64 src[2], dst[2];
		} ip6;
		/* Any extension header; hop-by-hop and destination options hold a PadN. */
		struct {
			int kind, next, len;
			size_t size;
			const char *bytes; /* after next and len; NULL: padding */
		} ext;
		struct {
			int next, reserved, offset, more;
			__u32 id;
		} fragment;
		struct {
			int sport, dport, doff, flags;
			const char *opts;
			size_t optlen;
			__u32 seq;
		} tcp;
		struct {
			int sport, dport, len;
		} udp;
		struct {
			int sport, dport;
		} sctp;
		struct {
			int type, code, id;
		} icmp;
		struct {
			const char *bytes;
			size_t len;
		} bytes;
		struct {
			size_t len;
			int fill;
		} data;
	};
};

/* clang-format off */
#define pkt(...) ((const struct layer[]){ __VA_ARGS__, { .kind = LAYER_END } })

#define eth(...)                                                                                   \
	{ LAYER_ETH, { .eth = { .type = AUTO,                                                      \
				.src = { 2, 0, 0, 0, 0, 1 },                                       \
				.dst = { 2, 0, 0, 0, 0, 2 },                                       \
				__VA_ARGS__ } } }
#define vlan(...) { LAYER_VLAN, { .vlan = { .type = AUTO, __VA_ARGS__ } } }
#define arp(...)                                                                                   \
	{ LAYER_ARP, { .arp = { .hardware = 1,                                                     \
				.protocol = 0x0800,                                                \
				.hlen = 6,                                                         \
				.plen = 4,                                                         \
				.op = 1,                                                           \
				__VA_ARGS__ } } }
#define ip4(...)                                                                                   \
	{ LAYER_IP4, { .ip4 = { .version = 4,                                                      \
				.ihl = AUTO,                                                       \
				.len = AUTO,                                                       \
				.ttl = 64,                                                         \
				.proto = AUTO,                                                     \
				.src = SRC4,                                                       \
				.dst = DST4,                                                       \
				__VA_ARGS__ } } }
#define ip6(...)                                                                                   \
	{ LAYER_IP6, { .ip6 = { .version = 6,                                                      \
				.len = AUTO,                                                       \
				.next = AUTO,                                                      \
				.hop = 64,                                                         \
				.src = { SRC6_HI, SRC6_LO },                                       \
				.dst = { SRC6_HI, DST6_LO },                                       \
				__VA_ARGS__ } } }
#define ext(k, ...)                                                                                \
	{ LAYER_EXT, { .ext = { .kind = k, .next = AUTO, .len = AUTO, .size = 8, __VA_ARGS__ } } }
#define hopopts(...) ext(0, __VA_ARGS__)
#define routing(...) ext(43, __VA_ARGS__)
#define auth(...)    ext(51, .size = 24, __VA_ARGS__)
#define dstopts(...) ext(60, __VA_ARGS__)
#define fragment(...) { LAYER_FRAGMENT, { .fragment = { .next = AUTO, __VA_ARGS__ } } }
#define tcp(...)                                                                                   \
	{ LAYER_TCP, { .tcp = { .sport = 4000,                                                     \
				.dport = 80,                                                       \
				.doff = AUTO,                                                      \
				.flags = SYN,                                                      \
				.seq = 1,                                                          \
				__VA_ARGS__ } } }
#define udp(...)                                                                                   \
	{ LAYER_UDP, { .udp = { .sport = 5000, .dport = 53, .len = AUTO, __VA_ARGS__ } } }
#define sctp(...) { LAYER_SCTP, { .sctp = { .sport = 6000, .dport = 3868, __VA_ARGS__ } } }
#define icmp(...) { LAYER_ICMP, { .icmp = { .type = 8, __VA_ARGS__ } } }
#define icmp6(...) { LAYER_ICMP6, { .icmp = { .type = 128, __VA_ARGS__ } } }
/* A string's bytes, its NUL not. */
#define bytes(s) { LAYER_BYTES, { .bytes = { (s), sizeof(s) - 1 } } }
#define data(n, ...) { LAYER_DATA, { .data = { .len = (n), .fill = 'x', __VA_ARGS__ } } }
/* After the packet: no length knows of it. */
#define pad(n) { LAYER_PAD, { .data = { .len = (n) } } }
/* The frame ends n bytes earlier than its headers say. */
#define cut(n) { LAYER_CUT, { .data = { .len = (n) } } }
/* clang-format on */

/* For ip4() and tcp(): option bytes, whose number should be a multiple of 4. */
#define OPTS(s) .opts = (s), .optlen = sizeof(s) - 1

/* Writes the frame to buf, which holds PACKET_MAX bytes, and returns its length. */
size_t packet_build(__u8 *buf, const struct layer *layers);

/* The frame in hex, sixteen bytes a line. */
void packet_print(const void *frame, size_t len);
