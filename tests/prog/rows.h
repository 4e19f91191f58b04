/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Packets and what must become of them: one row, one test. Each file of rows_*.c is about one
 * layer. Rows stand alone; test_prog_sequences.c has packets that depend on others.
 */

#include <stdbool.h>

#include "arena.h"
#include "packet.h"

/* What the rules are to see of a packet, and where its headers are. Named fields only. */
struct want {
	int ethertype, vlan, pcp, cvlan, cpcp, tags;
	enum sl_l3 l3;
	enum sl_l4 l4;
	__u64 addr[4];
	int proto, flags, type, code, frag, dscp, ttl;
	int sport, dport;
	__u32 network, transport, payload, payload_length;
};

struct row {
	const char *name;
	const struct layer *frame;
	/* By default settings, without rules, with policy accept. */
	enum sl_verdict verdict;
	enum sl_reason reason;
	const struct want *want; /* NULL: the verdict and the reason will do */
	bool is_gso; /* TC only: as GRO or the local stack hands it over */
};

#define want(...)     (&(const struct want) { __VA_ARGS__ })
#define want_arp(...) want(.ethertype = 0x0806, .network = 14, __VA_ARGS__)
#define want4(...)                                                                       \
	want(.ethertype = 0x0800, .l3 = SL_L3_IP4, .addr = { (__u64)SRC4 << 32 | DST4 }, \
	     .ttl = 64, .network = 14, .transport = 34, __VA_ARGS__)
#define want6(...)                                                                                 \
	want(.ethertype = 0x86dd, .l3 = SL_L3_IP6, .addr = { SRC6_HI, SRC6_LO, SRC6_HI, DST6_LO }, \
	     .ttl = 64, .network = 14, .transport = 54, __VA_ARGS__)

/* As the layers of packet.h are by default. */
#define WANT_TCP  .l4 = SL_L4_TCP, .proto = 6, .flags = SYN, .sport = 4000, .dport = 80
#define WANT_UDP  .l4 = SL_L4_UDP, .proto = 17, .sport = 5000, .dport = 53
#define WANT_SCTP .l4 = SL_L4_SCTP, .proto = 132, .sport = 6000, .dport = 3868

struct rows {
	const char *name;
	const struct row *rows;
	size_t count;
};

extern const struct rows rows_link, rows_ip4, rows_ip6, rows_transport, rows_fragment, rows_tunnel;

#define ROWS(table) { #table, table, sizeof(table) / sizeof(*(table)) }
