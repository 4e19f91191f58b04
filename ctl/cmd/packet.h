/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A packet in words, and the frame that it means:
 *
 *   PROTO ADDR[:PORT] > ADDR[:PORT] [WORD...]
 *
 * PROTO: tcp, udp, sctp, icmp, icmpv6 or a number. ADDR: IPv4, or IPv6 in brackets. WORDs, in any
 * order: TCP flags (syn, syn|ack, none); vlan N, twice for two tags; pcp N; ttl N; dscp N; len N, of
 * the IP packet; type N, code N, by name or number; mss N; window N; frag first, frag later, or frag
 * and an offset.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define SL_PACKET_MAX (65535 + 22) /* an IP packet behind two tags */

struct sl_packet {
	bool six;
	__u8 proto;
	__u8 from[16]; /* IPv4: the first four */
	__u8 to[16];
	__u16 sport;
	__u16 dport;
	__u8 flags;
	__u8 type;
	__u8 code;
	unsigned int tags;
	__u16 tag[2]; /* as in the frame: priority and id; the outer one first */
	__u8 ttl;
	__u8 dscp;
	unsigned int length; /* of the IP packet; 0: just as long as its headers */
	__u16 mss; /* 0: no such option */
	__u16 window;
	bool fragment;
	bool more;
	unsigned int offset; /* bytes */
};

#define SL_PACKET_ERROR 256

/* -EINVAL: error says what is wrong, and *at at which byte of text. */
int sl_packet_parse(struct sl_packet *out, const char *text, char error[SL_PACKET_ERROR],
		    size_t *at);
/* frame.c: writes the frame, with its checksums, into SL_PACKET_MAX bytes; returns its length. */
size_t sl_packet_frame(const struct sl_packet *packet, __u8 *frame);
