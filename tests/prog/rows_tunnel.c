// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Packets that carry others, to rules that do not ask: what is inside is their payload. */
#include "rows.h"

#define WANT_TUNNEL(port) \
	.l4 = SL_L4_UDP, .proto = 17, .sport = 5000, .dport = (port), .payload = 42

static const struct row tunnel[] = {
	{ "vxlan",
	  pkt(eth(), ip4(), udp(.dport = 4789), bytes("\x08\0\0\0\0\0\5\0"), eth(), ip4(),
	      tcp(OPTS("\2\4\5\xb4"))),
	  SL_ACCEPT, SL_REASON_NONE, want4(WANT_TUNNEL(4789), .payload_length = 66) },
	{ "geneve",
	  pkt(eth(), ip4(), udp(.dport = 6081), bytes("\2\0\x65\x58\0\0\5\0ABCDEFGH"), eth(),
	      vlan(.id = 7), ip6(), hopopts(), udp()),
	  SL_ACCEPT, SL_REASON_NONE, want4(WANT_TUNNEL(6081), .payload_length = 90) },
	{ "gtp",
	  pkt(eth(), ip4(), udp(.dport = 2152),
	      bytes("\x34\xff\0\x24\0\0\0\x09\0\1\0\x85\1\x10\1\0"), ip4(), udp()),
	  SL_ACCEPT, SL_REASON_NONE, want4(WANT_TUNNEL(2152), .payload_length = 44) },
	{ "gre",
	  pkt(eth(), ip4(.proto = 47), bytes("\xb0\0\x08\0\1\2\3\4\0\0\0\7\0\0\0\1"), ip4(),
	      icmp()),
	  SL_ACCEPT, SL_REASON_NONE, want4(.proto = 47, .payload = 34, .payload_length = 44) },
	{ "gre: ethernet", pkt(eth(), ip4(.proto = 47), bytes("\0\0\x65\x58"), eth(), arp()),
	  SL_ACCEPT, SL_REASON_NONE, want4(.proto = 47, .payload = 34, .payload_length = 46) },
	{ "ip in ip in ip", pkt(eth(), ip4(), ip4(), ip6(), tcp()), SL_ACCEPT, SL_REASON_NONE,
	  want4(.proto = 4, .payload = 34, .payload_length = 80) },
	{ "4in6: an inner header that lies", pkt(eth(), ip6(), ip4(.ihl = 4), tcp()), SL_ACCEPT,
	  SL_REASON_NONE, want6(.proto = 4, .payload = 54, .payload_length = 40) },
};

const struct rows rows_tunnel = ROWS(tunnel);
