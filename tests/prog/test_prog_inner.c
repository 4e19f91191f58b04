// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Packets in tunnels. Each row is a rule and a frame, through every way: the host, XDP, XDP with the
 * frame cut in two at each byte, TC. What replay is told of the packets within is compared whole.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "names.h"

struct inner_row {
	const char *name;
	const char *rule; /* in both chains; the policy accepts */
	const struct layer *frame;
	enum sl_verdict verdict;
	enum sl_reason reason;
	enum sl_reason blind;
	bool is_gso; /* TC only */
};

#define VNI(n)	 "\x08\0\0\0\0\0" n "\0"
#define OUTER	 eth(), ip4()
#define OUTER6	 eth(), ip6()
#define VXLAN	 udp(.dport = 4789), bytes(VNI("\5"))
#define GENEVE	 udp(.dport = 6081), bytes("\0\0\x65\x58\0\0\5\0")
#define GRE4	 eth(), ip4(.proto = 47), bytes("\0\0\x08\0")
#define GRE6	 eth(), ip4(.proto = 47), bytes("\0\0\x86\xdd")
#define GTP(len) udp(.dport = 2152), bytes("\x30\xff\0" len "\0\0\0\x09")
#define IN4	 ip4(.src = 0xc0000201, .dst = 0xc0000202, .ttl = 9)
#define ANY	 "inner ip count" /* so that it is looked at */

/* clang-format off */
static const struct inner_row rows[] = {
	{ "vxlan: address", "inner ip saddr 192.0.2.1 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: another address", "inner ip saddr 192.0.2.2 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: the outer address is not the inner one", "inner saddr 10.77.0.1 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: not an address", "inner saddr != 192.0.2.2 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "no tunnel: not an address", "inner saddr != 192.0.2.2 drop", pkt(OUTER, udp(), data(80)), SL_ACCEPT },
	{ "no tunnel: any ethertype", "inner ethertype 0-0xffff drop", pkt(OUTER, udp(), data(80)), SL_ACCEPT },
	{ "vxlan: ranges of addresses", "inner daddr { 10.0.0.0/8, 192.0.2.2-192.0.2.9, 2001:db8::/32 } drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: ipv6 address", "inner ip6 daddr 2001:db8:77::2 drop", pkt(OUTER, VXLAN, eth(), ip6(), tcp()), SL_DROP },
	{ "vxlan: another ipv6 address", "inner ip6 daddr != 2001:db8:77::/64 drop", pkt(OUTER, VXLAN, eth(), ip6(), tcp()), SL_ACCEPT },
	{ "vxlan: port", "inner tcp dport 80 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: other port", "inner tcp dport != 80 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: port of another protocol", "inner udp dport 80 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: ports of any", "inner th sport 4000-4001 inner th dport { 22, 80 } drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: flags", "inner tcp flags & (syn|ack) == syn drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: mss", "inner tcp mss 1460 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp(OPTS("\2\4\5\xb4"))), SL_DROP },
	{ "vxlan: no mss", "inner tcp mss 0-65535 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: window", "inner tcp window 65535 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: icmp", "inner icmp type echo-request inner code 0 drop", pkt(OUTER, VXLAN, eth(), IN4, icmp()), SL_DROP },
	{ "vxlan: icmpv6", "inner icmpv6 type 135 drop", pkt(OUTER, VXLAN, eth(), ip6(), icmp6(.type = 135)), SL_DROP },
	{ "vxlan: ttl is its own", "inner ttl 9 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: dscp and protocol", "inner dscp ef inner proto { 6, 89 } drop", pkt(OUTER, VXLAN, eth(), ip4(.tos = 46 << 2), tcp()), SL_DROP },
	{ "vxlan: tag", "inner vlan id 7 drop", pkt(OUTER, VXLAN, eth(), vlan(.id = 7), IN4, tcp()), SL_DROP },
	{ "vxlan: outer tag is not the inner one", "inner vlan id 7 drop", pkt(eth(), vlan(.id = 7), ip4(), VXLAN, eth(), vlan(.id = 8), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: no tag", "inner not vlan inner vlan tags 0 drop", pkt(eth(), vlan(.id = 7), ip4(), VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: mac", "inner ether saddr 02:00:00:00:00:09 drop", pkt(OUTER, VXLAN, eth(.src = { 2, 0, 0, 0, 0, 9 }), IN4, tcp()), SL_DROP },
	{ "vxlan: mac of the outer frame", "inner ether saddr 02:00:00:00:00:01 drop", pkt(OUTER, VXLAN, eth(.src = { 2, 0, 0, 0, 0, 9 }), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: arp", "inner arp drop", pkt(OUTER, VXLAN, eth(), arp()), SL_DROP },
	{ "vxlan: ethertype", "inner ethertype 0x88cc drop", pkt(OUTER, VXLAN, eth(.type = 0x88cc), data(30)), SL_DROP },
	{ "vxlan: ethertype that is not read leaves the rest to the rules", ANY, pkt(OUTER, VXLAN, eth(.type = 0x88cc), data(30)), SL_ACCEPT },
	{ "vxlan: payload", "inner payload @1,2 0x6263 drop", pkt(OUTER, VXLAN, eth(), IN4, udp(), bytes("abc")), SL_DROP },
	{ "vxlan: past the payload", "inner payload @1,3 0-0xffffff drop", pkt(OUTER, VXLAN, eth(), IN4, udp(), bytes("abc"), pad(9)), SL_ACCEPT },
	{ "vxlan: bytes of each layer", "inner frame @12,2 0x0800 inner network @12,4 192.0.2.1 inner transport @0,2 5000 drop", pkt(OUTER, VXLAN, eth(), IN4, udp()), SL_DROP },
	{ "vxlan: frame length", "inner frame length 54 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp(), pad(3)), SL_DROP },
	{ "vxlan: lengths", "inner ip length 43 inner payload length 3 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp(), data(3)), SL_DROP },
	{ "vxlan: inner padding is no payload", "inner payload length 3 drop", pkt(OUTER, VXLAN, eth(), ip4(.len = 31), udp(.len = 11), data(12)), SL_DROP },
	{ "vxlan: outer and inner", "saddr 10.77.0.1 udp dport 4789 inner tcp dport 80 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: outer not, inner", "saddr 10.77.0.9 inner tcp dport 80 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: vni", "vxlan vni 5 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: another vni", "vxlan vni { 4, 6-9 } drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: not the vni", "vxlan vni != 6 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: vni of geneve", "geneve vni 5 drop", pkt(OUTER, VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: without the i flag it is none", "tunnel any drop", pkt(OUTER, udp(.dport = 4789), bytes("\0\0\0\0\0\0\5\0"), eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: other bits do not matter", "vxlan vni 5 drop", pkt(OUTER, udp(.dport = 4789), bytes("\xff\1\2\3\0\0\5\4"), eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: from its port is none", "tunnel any drop", pkt(OUTER, udp(.sport = 4789), bytes(VNI("\5")), eth(), IN4, tcp()), SL_ACCEPT },
	{ "vxlan: over ipv6", "inner ip saddr 192.0.2.1 drop", pkt(OUTER6, VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: over ipv6 with extension headers", "ip6 inner ip saddr 192.0.2.1 drop", pkt(OUTER6, hopopts(), dstopts(), VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "vxlan: options of the inner header", "inner udp dport 53 drop", pkt(OUTER, VXLAN, eth(), ip4(OPTS("\1\1\1\1")), udp()), SL_DROP },
	{ "vxlan: extension headers of the inner packet", "inner exthdr rt exists inner udp dport 53 drop", pkt(OUTER, VXLAN, eth(), ip6(), hopopts(), routing(), udp()), SL_DROP },
	{ "vxlan: jumbo", "inner udp dport 53 inner payload @2000,2 0x7878 drop", pkt(OUTER, VXLAN, eth(), IN4, udp(), data(2900)), SL_DROP },
	{ "vxlan: gso", "inner tcp dport 80 drop", pkt(eth(), ip4(.len = 0), udp(.dport = 4789, .len = 0), bytes(VNI("\5")), eth(), ip4(.len = 0), tcp(), data(2000)), SL_DROP, .is_gso = true },

	{ "geneve: address", "inner ip saddr 192.0.2.1 drop", pkt(OUTER, GENEVE, eth(), IN4, tcp()), SL_DROP },
	{ "geneve: options", "geneve vni 5 inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 6081), bytes("\3\0\x65\x58\0\0\5\0ABCDEFGHIJKL"), eth(), IN4, tcp()), SL_DROP },
	{ "geneve: all options that there can be", "inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 6081), bytes("\x3f\0\x65\x58\0\0\5\0"), data(252), eth(), IN4, tcp()), SL_DROP },
	{ "geneve: ipv6 without ethernet", "inner ip6 inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 6081), bytes("\0\0\x86\xdd\0\0\5\0"), ip6(), tcp()), SL_DROP },
	{ "geneve: without ethernet there is no frame", "inner frame @0,1 0-255 drop", pkt(OUTER, udp(.dport = 6081), bytes("\0\0\x08\0\0\0\5\0"), IN4, tcp()), SL_ACCEPT },
	{ "geneve: without ethernet there is no mac", "inner ether saddr != 02:00:00:00:00:01 drop", pkt(OUTER, udp(.dport = 6081), bytes("\0\0\x08\0\0\0\5\0"), IN4, tcp()), SL_ACCEPT },
	{ "geneve: version 1 is none", "tunnel any drop", pkt(OUTER, udp(.dport = 6081), bytes("\x40\0\x65\x58\0\0\5\0"), eth(), IN4, tcp()), SL_ACCEPT },
	{ "geneve: options past the datagram", ANY, pkt(OUTER, udp(.dport = 6081), bytes("\x3f\0\x65\x58\0\0\5\0"), eth(), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "geneve: options past the datagram, not past the packet", ANY, pkt(OUTER, udp(.dport = 6081, .len = 20), bytes("\2\0\x65\x58\0\0\5\0"), data(200)), SL_DROP, SL_REASON_BAD_TUNNEL },

	{ "gre: address", "inner ip saddr 192.0.2.1 drop", pkt(GRE4, IN4, tcp()), SL_DROP },
	{ "gre: ipv6", "inner ip6 inner tcp dport 80 drop", pkt(GRE6, ip6(), tcp()), SL_DROP },
	{ "gre: without key", "gre key 0-0xffffffff drop", pkt(GRE4, IN4, tcp()), SL_ACCEPT },
	{ "gre: without key, not", "gre key != 5 drop", pkt(GRE4, IN4, tcp()), SL_ACCEPT },
	{ "gre: key", "gre key 0x01020304 inner tcp dport 80 drop", pkt(eth(), ip4(.proto = 47), bytes("\x20\0\x08\0\1\2\3\4"), IN4, tcp()), SL_DROP },
	{ "gre: the highest key", "gre key > 0xfffffffe drop", pkt(eth(), ip4(.proto = 47), bytes("\x20\0\x08\0\xff\xff\xff\xff"), IN4, tcp()), SL_DROP },
	{ "gre: checksum, key and sequence", "gre key 7 inner tcp dport 80 drop", pkt(eth(), ip4(.proto = 47), bytes("\xb0\0\x08\0\1\2\3\4\0\0\0\7\0\0\0\1"), IN4, tcp()), SL_DROP },
	{ "gre: sequence", "inner tcp dport 80 drop", pkt(eth(), ip4(.proto = 47), bytes("\x10\0\x08\0\0\0\0\1"), IN4, tcp()), SL_DROP },
	{ "gre: ethernet", "tunnel gre inner vlan id 9 inner tcp dport 80 drop", pkt(eth(), ip4(.proto = 47), bytes("\0\0\x65\x58"), eth(), vlan(.id = 9), IN4, tcp()), SL_DROP },
	{ "gre: over ipv6", "inner tcp dport 80 drop", pkt(eth(), ip6(.next = 47), bytes("\0\0\x08\0"), IN4, tcp()), SL_DROP },
	{ "gre: a protocol that is not read", "tunnel gre inner ethertype 0x8847 inner not ip drop", pkt(eth(), ip4(.proto = 47), bytes("\0\0\x88\x47"), data(40)), SL_DROP },
	{ "gre: bytes of a protocol that is not read", "inner network @0,4 0x78787878 drop", pkt(eth(), ip4(.proto = 47), bytes("\0\0\x88\x47"), data(40)), SL_DROP },
	{ "gre: of pptp, what is inside is not read", "tunnel gre inner ethertype 0-0xffff drop", pkt(eth(), ip4(.proto = 47), bytes("\x30\x81\x88\x0b\0\x20\0\1\0\0\0\1\0\0\0\1"), data(32)), SL_ACCEPT },
	{ "gre: of pptp is a tunnel", "tunnel gre drop", pkt(eth(), ip4(.proto = 47), bytes("\x30\x81\x88\x0b\0\x20\0\1\0\0\0\1\0\0\0\1"), data(32)), SL_DROP },
	{ "gre: routes", ANY, pkt(eth(), ip4(.proto = 47), bytes("\x40\0\x08\0\0\0\0\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gre: nothing", ANY, pkt(eth(), ip4(.proto = 47), pad(26)), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gre: key past the packet", ANY, pkt(eth(), ip4(.proto = 47, .len = 26), bytes("\x20\0\x08\0\1\2\3\4"), pad(20)), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gre: sequence past the packet", ANY, pkt(eth(), ip4(.proto = 47, .len = 26), bytes("\x10\0\x08\0\1\2\3\4"), pad(20)), SL_DROP, SL_REASON_BAD_TUNNEL },

	{ "ipip: address", "tunnel ipip inner saddr 192.0.2.1 drop", pkt(OUTER, IN4, tcp()), SL_DROP },
	{ "ipip: port", "inner tcp dport 80 drop", pkt(OUTER, IN4, tcp()), SL_DROP },
	{ "ipip: outer options", "inner tcp dport 80 drop", pkt(eth(), ip4(OPTS("\1\1\1\1")), IN4, tcp()), SL_DROP },
	{ "ipip: no tags inside", "inner vlan tags 0 inner ethertype ip drop", pkt(eth(), vlan(.id = 3), ip4(), IN4, tcp()), SL_DROP },
	{ "6in4: address", "ip inner ip6 daddr 2001:db8:77::2 drop", pkt(OUTER, ip6(), tcp()), SL_DROP },
	{ "4in6: address", "ip6 inner ip daddr 192.0.2.2 inner tcp dport 80 drop", pkt(OUTER6, IN4, tcp()), SL_DROP },
	{ "6in6: address", "ip6 inner ip6 saddr 2001:db8:77::/48 drop", pkt(OUTER6, ip6(), tcp()), SL_DROP },
	{ "ipip: that says ipv6", ANY, pkt(eth(), ip4(.proto = 41), IN4, tcp(), data(40)), SL_DROP, SL_REASON_BAD_INNER },
	{ "ipip: nothing", ANY, pkt(eth(), ip4(.proto = 4), pad(26)), SL_DROP, SL_REASON_BAD_INNER },

	{ "gtp: address", "gtp teid 9 inner ip saddr 192.0.2.1 drop", pkt(OUTER, GTP("\x28"), IN4, tcp()), SL_DROP },
	{ "gtp: ipv6", "inner ip6 inner tcp dport 80 drop", pkt(OUTER, GTP("\x3c"), ip6(), tcp()), SL_DROP },
	{ "gtp: another teid", "gtp teid != 9 drop", pkt(OUTER, GTP("\x28"), IN4, tcp()), SL_ACCEPT },
	{ "gtp: sequence number", "inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 2152), bytes("\x32\xff\0\x2c\0\0\0\x09\0\1\0\0"), IN4, tcp()), SL_DROP },
	{ "gtp: an extension header", "inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x30\0\0\0\x09\0\1\0\x85\1\x10\1\0"), IN4, tcp()), SL_DROP },
	{ "gtp: extension headers of 4 and 8 bytes", "inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x38\0\0\0\x09\0\1\0\x85\1\x10\1\x40\2ABCDEF\0"), IN4, tcp()), SL_DROP },
	{ "gtp: eight extension headers", "inner tcp dport 80 drop", pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x4c\0\0\0\x09\0\1\0\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\0"), IN4, tcp()), SL_DROP },
	{ "gtp: nine extension headers", ANY, pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x50\0\0\0\x09\0\1\0\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\1\1AA\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: an extension header of length 0", ANY, pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x30\0\0\0\x09\0\1\0\x85\0\x10\1\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: an extension header past the message", ANY, pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x08\0\0\0\x09\0\1\0\x85\2ABCDEF\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: an extension header past the datagram", ANY, pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\x30\0\0\0\x09\0\1\0\x85\xff\x10\1\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: length past the datagram", ANY, pkt(OUTER, GTP("\x29"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: length before the optional bytes", ANY, pkt(OUTER, udp(.dport = 2152), bytes("\x32\xff\0\3\0\0\0\x09\0\1\0\0"), IN4, tcp()), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: what is behind its length is not inside", ANY, pkt(OUTER, GTP("\x27"), IN4, tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "gtp: nothing inside", ANY, pkt(OUTER, GTP("\0")), SL_DROP, SL_REASON_BAD_TUNNEL },
	{ "gtp: what is no ip", "inner ethertype 0 inner not ip inner not ip6 drop", pkt(OUTER, GTP("\x10"), data(16)), SL_DROP },
	{ "gtp: echo request is none", "tunnel any drop", pkt(OUTER, udp(.dport = 2152), bytes("\x32\1\0\4\0\0\0\0\0\1\0\0")), SL_ACCEPT },
	{ "gtp: version 2 is none", "tunnel any drop", pkt(OUTER, udp(.dport = 2152), bytes("\x50\xff\0\x28\0\0\0\x09"), IN4, tcp()), SL_ACCEPT },

	{ "none: of others", "tunnel none udp drop", pkt(OUTER, udp()), SL_DROP },
	{ "none: of a tunnel", "tunnel none drop", pkt(OUTER, IN4, tcp()), SL_ACCEPT },
	{ "none: not vxlan", "tunnel != vxlan drop", pkt(OUTER, udp()), SL_DROP },
	{ "none: what is not ip", "tunnel none arp drop", pkt(eth(), arp()), SL_DROP },
	{ "tunnels by name", "tunnel { geneve, gtp } drop", pkt(OUTER, GENEVE, eth(), IN4, tcp()), SL_DROP },
	{ "tunnels by other names", "tunnel { ipip, gre, vxlan, gtp } drop", pkt(OUTER, GENEVE, eth(), IN4, tcp()), SL_ACCEPT },

	{ "two: vxlan in gre", "tunnel gre inner vxlan vni 5 inner inner tcp dport 80 drop", pkt(GRE4, ip4(), VXLAN, eth(), IN4, tcp()), SL_DROP },
	{ "two: the first is not the second", "inner tcp dport 80 drop", pkt(GRE4, ip4(), VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "two: the second is not the first", "inner inner udp dport 4789 drop", pkt(GRE4, ip4(), VXLAN, eth(), IN4, tcp()), SL_ACCEPT },
	{ "two: each its own", "saddr 10.77.0.1 inner ttl 4 inner inner saddr 192.0.2.1 drop", pkt(OUTER, ip4(.ttl = 4), IN4, tcp()), SL_DROP },
	{ "two: there is one only", "inner inner ethertype 0-0xffff drop", pkt(OUTER, IN4, tcp()), SL_ACCEPT },
	{ "two: none in the first", "inner tunnel none drop", pkt(OUTER, IN4, tcp()), SL_DROP },
	{ "two: none in no tunnel", "inner tunnel none drop", pkt(OUTER, tcp()), SL_ACCEPT },
	{ "two: bytes", "inner inner payload @0,3 0x616263 drop", pkt(OUTER, VXLAN, eth(), vlan(.id = 2), ip4(), GENEVE, eth(), IN4, udp(), bytes("abc")), SL_DROP },
	{ "two: the second lies", ANY, pkt(OUTER, VXLAN, eth(), ip4(), GENEVE, eth(), ip4(.len = 60), tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "two: the second tunnel lies", ANY, pkt(OUTER, VXLAN, eth(), ip4(), udp(.dport = 6081), bytes("\x3f\0\x65\x58\0\0\5\0"), data(30)), SL_DROP, SL_REASON_BAD_TUNNEL },

	{ "inner: ihl 4", ANY, pkt(OUTER, VXLAN, eth(), ip4(.ihl = 4), tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: length past the tunnel", ANY, pkt(OUTER, VXLAN, eth(), ip4(.len = 41), tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: length past the datagram, not past the frame", ANY, pkt(OUTER, VXLAN, eth(), ip4(.len = 41), tcp(), pad(9)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: ipv6 length past the tunnel", ANY, pkt(OUTER, VXLAN, eth(), ip6(.len = 21), tcp(), pad(9)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: version", ANY, pkt(OUTER, VXLAN, eth(.type = 0x86dd), ip4(), tcp(), data(30)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: option", ANY, pkt(OUTER, VXLAN, eth(), ip4(OPTS("\7\1\1\1")), tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: tcp header cut", ANY, pkt(OUTER, VXLAN, eth(), IN4, tcp(.doff = 6)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: udp length", ANY, pkt(OUTER, VXLAN, eth(), IN4, udp(.len = 9), pad(4)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: five tags", ANY, pkt(OUTER, VXLAN, eth(), vlan(), vlan(), vlan(), vlan(), vlan(), IN4, tcp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: 17 extension headers", ANY, pkt(OUTER, ip6(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(), udp()), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: 13 bytes of ethernet", ANY, pkt(OUTER, VXLAN, data(13)), SL_DROP, SL_REASON_BAD_INNER },
	{ "inner: first fragment", "inner fragment first inner udp dport 53 drop", pkt(OUTER, VXLAN, eth(), ip4(.mf = 1), udp(.len = 100), data(8)), SL_DROP },
	{ "inner: later fragment", "inner fragment later inner proto udp drop", pkt(OUTER, VXLAN, eth(), ip4(.offset = 80, .proto = 17), data(8)), SL_DROP },
	{ "inner: later fragment has no port", "inner th dport 0-65535 drop", pkt(OUTER, VXLAN, eth(), ip4(.offset = 80, .proto = 17), udp()), SL_ACCEPT },
	{ "inner: tiny fragment", ANY, pkt(OUTER, VXLAN, eth(), ip4(.mf = 1, .proto = 6), bytes("abcdefgh")), SL_DROP, SL_REASON_BAD_INNER },
	{ "fragment: the first", "inner ethertype 0-0xffff drop", pkt(eth(), ip4(.mf = 1), udp(.dport = 4789), bytes(VNI("\5")), eth(), IN4, udp(.len = 21), data(6)), SL_ACCEPT, .blind = SL_REASON_TUNNEL_FRAGMENT },
	{ "fragment: the first, of ipip", "tunnel any drop", pkt(eth(), ip4(.mf = 1), IN4, udp(.len = 20), data(4)), SL_ACCEPT, .blind = SL_REASON_TUNNEL_FRAGMENT },
	{ "fragment: the first, over ipv6", "tunnel any drop", pkt(eth(), ip6(), fragment(.more = 1, .next = 47), bytes("\0\0\x08\0"), IN4, bytes("abcd"), data(4)), SL_ACCEPT, .blind = SL_REASON_TUNNEL_FRAGMENT },
	{ "fragment: of the inner packet, of a tunnel", "inner inner ethertype 0-0xffff drop", pkt(OUTER, VXLAN, eth(), ip4(.mf = 1), IN4, udp(.len = 20), data(4)), SL_ACCEPT, .blind = SL_REASON_TUNNEL_FRAGMENT },
	{ "fragment: of the second packet, of a tunnel", "inner inner udp dport 4789 drop", pkt(OUTER, ip4(), ip4(.mf = 1), udp(.dport = 4789, .len = 100), data(8)), SL_DROP, .blind = SL_REASON_TUNNEL_FRAGMENT },
	{ "depth: three tunnels", "inner inner ttl 9 drop", pkt(OUTER, ip4(), IN4, ip4(), tcp()), SL_DROP, .blind = SL_REASON_TUNNEL_DEPTH },
	{ "depth: vxlan", ANY, pkt(OUTER, VXLAN, eth(), ip4(), VXLAN, eth(), ip4(), VXLAN, eth(), IN4, tcp()), SL_ACCEPT, .blind = SL_REASON_TUNNEL_DEPTH },
	{ "depth: a port alone is no third tunnel", ANY, pkt(OUTER, ip4(), IN4, udp(.dport = 4789), data(30, .fill = 0)), SL_ACCEPT },
	{ "depth: what a third one carries does not matter", ANY, pkt(OUTER, ip4(), IN4, ip4(.ihl = 4), tcp()), SL_ACCEPT, .blind = SL_REASON_TUNNEL_DEPTH },
	{ "not asked: an inner packet that lies is not seen", "udp dport 4789 count", pkt(OUTER, VXLAN, eth(), ip4(.ihl = 4), tcp()), SL_ACCEPT },
	{ "the outer packet lies: nothing inside is read", "inner tcp dport 80 accept", pkt(eth(), ip4(.len = 200), VXLAN, eth(), IN4, tcp()), SL_DROP, SL_REASON_BAD_IP4_LENGTH },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

static bool on_kernel(enum way way, const struct frame *frame)
{
	struct sl_trace want, trace;
	int err;

	if (!lab_kernel_takes(way, frame))
		return true;
	host_run(way_hook(way), way_slot(way), frame, &want);
	host_frags_clear();
	err = kernel_run(way, frame, &trace);
	if (err) {
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
		return false;
	}
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	return lab_same(way_names[way], frame, &trace, &want);
}

static bool on_all(const struct frame *frame)
{
	bool good = true;

	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++)
		good = good && on_kernel(way, frame);
	return good;
}

static bool cut_everywhere(struct frame frame)
{
	size_t end = frame.len < 260 ? frame.len : 260;

	for (frame.linear = 14; frame.linear < end; frame.linear++) {
		if (!on_kernel(WAY_XDP_CUT, &frame)) {
			fprintf(stderr, "cut at %zu\n", frame.linear);
			return false;
		}
	}
	return true;
}

static void test_row(void **state)
{
	const struct inner_row *row = *state;
	struct policy *policy = policy_of(row->rule);
	struct frame frame = lab_frame(row->frame);
	struct sl_trace trace;

	frame.is_gso = row->is_gso;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_TC_INGRESS, 0, &frame, &trace);
	host_frags_clear();
	if (trace.verdict != row->verdict || trace.reason != row->reason ||
	    trace.blind != row->blind) {
		lab_print("host", &trace);
		packet_print(frame.bytes, frame.len);
		fail();
	}
	assert_true(on_all(&frame));
	if (!lab_no_kernel && !frame.is_gso)
		assert_true(cut_everywhere(frame));
}

/* With its reason set to accept, the rules judge by what could be read, and the policy is not asked. */
static void test_reasons_are_settings(void **state)
{
	const __u64 bad = 1ULL << SL_REASON_BAD_INNER;
	struct policy *policy = policy_new("chain ingress {\n policy drop\n"
					   " inner saddr 192.0.2.9 drop\n}\n");
	struct frame frame =
		lab_frame(pkt(OUTER, VXLAN, eth(), ip4(.src = 0xc0000209, .len = 41), tcp()));
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.slot, SL_NO_SLOT);
	policy_use(policy, policy_drops(policy) & ~bad);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_not_equal(trace.slot, SL_NO_SLOT);
	assert_int_equal(trace.reason, SL_REASON_BAD_INNER);
	assert_true(on_all(&frame));
	frame = lab_frame(pkt(OUTER, VXLAN, eth(), ip4(.len = 41), tcp()));
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	assert_int_equal(trace.slot, SL_NO_SLOT);
	assert_true(on_all(&frame));
}

/* Counted; and when it is set to drop, no rule is asked. */
static void test_blind_is_a_setting(void **state)
{
	struct policy *policy =
		policy_new("chain ingress {\n policy accept\n inner ip accept\n accept\n}\n");
	struct frame frame = lab_frame(pkt(OUTER, ip4(), IN4, ip4(), tcp()));
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	policy_use(policy, policy_drops(policy) | 1ULL << SL_REASON_TUNNEL_DEPTH);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.slot, SL_NO_SLOT);
	assert_true(on_all(&frame));
}

/* What replay shows. */
static void test_trace(void **state)
{
	struct policy *policy = policy_of(ANY);
	struct frame frame = lab_frame(
		pkt(GRE4, ip4(.ttl = 7), VXLAN, eth(), vlan(.id = 9), IN4, udp(), data(4)));
	const struct sl_trace_inner *first, *second;
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	first = &trace.inner[0];
	second = &trace.inner[1];
	assert_int_equal(first->tunnel, SL_TUNNEL_GRE);
	assert_int_equal(first->has_id, 0);
	assert_int_equal(first->start, 38);
	assert_int_equal(first->network, 38);
	assert_int_equal(first->transport, 58);
	assert_int_equal(first->payload, 66);
	assert_int_equal(first->key.dport, 4789);
	assert_int_equal(first->key.xport >> SL_XPORT_TTL_SHIFT & 0xff, 7);
	assert_int_equal(second->tunnel, SL_TUNNEL_VXLAN);
	assert_int_equal(second->has_id, 1);
	assert_int_equal(second->id, 5);
	assert_int_equal(second->start, 74);
	assert_int_equal(second->network, 92);
	assert_int_equal(second->transport, 112);
	assert_int_equal(second->payload, 120);
	assert_int_equal(second->payload_length, 4);
	assert_int_equal(second->key.addr[0], 0xc0000201c0000202ULL);
	assert_int_equal(second->key.link >> SL_LINK_VLAN_SHIFT & 0xfff, 9);
	assert_true(on_all(&frame));
	/* Nothing of a packet that came before stays. */
	frame = lab_frame(pkt(OUTER, tcp()));
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(first->tunnel, SL_TUNNEL_NONE);
	assert_int_equal(first->start, 0);
	assert_int_equal(second->start, 0);
	assert_true(on_all(&frame));
}

/* clang-format off */
static const struct layer *const cut_frames[] = {
	pkt(OUTER, VXLAN, eth(), vlan(.id = 3), IN4, tcp()),
	pkt(OUTER, udp(.dport = 6081), bytes("\2\0\x65\x58\0\0\5\0ABCDEFGH"), eth(), ip6(),
	    hopopts(), udp()),
	pkt(OUTER, udp(.dport = 2152), bytes("\x34\xff\0\0\0\0\0\x09\0\1\0\x85\1\x10\1\0"),
	    IN4, udp()),
	pkt(eth(), ip4(.proto = 47), bytes("\xb0\0\x08\0\1\2\3\4\0\0\0\7\0\0\0\1"),
	    ip4(OPTS("\1\1\1\1")), icmp()),
	pkt(OUTER, ip6(), dstopts(), sctp()),
	pkt(OUTER, IN4, ip4(), udp()),
	pkt(OUTER, VXLAN, eth(), ip4(), GENEVE, eth(), IN4, tcp()),
};

static const struct layer *const byte_frames[] = {
	pkt(OUTER, VXLAN, eth(), vlan(.id = 3), IN4, tcp(OPTS("\2\4\5\xb4"))),
	pkt(OUTER, udp(.dport = 6081), bytes("\2\0\x65\x58\0\0\5\0ABCDEFGH"), eth(), ip6(),
	    hopopts(), udp()),
	pkt(OUTER, udp(.dport = 2152),
	    bytes("\x34\xff\0\x24\0\0\0\x09\0\1\0\x85\1\x10\1\0"), IN4, udp()),
	pkt(eth(), ip4(.proto = 47), bytes("\xb0\0\x08\0\1\2\3\4\0\0\0\7\0\0\0\1"),
	    ip4(OPTS("\1\1\1\1")), icmp()),
	pkt(OUTER6, ip6(), dstopts(), IN4, udp()),
};
/* clang-format on */

/* --- tunnels that end early: the outer lengths are true, what is inside is cut --- */

static void put_length(__u8 *bytes, size_t at, size_t length)
{
	bytes[at] = (__u8)(length >> 8);
	bytes[at + 1] = (__u8)length;
}

static void test_every_cut(void **state)
{
	static __u8 bytes[PACKET_MAX];
	struct policy *policy = policy_of(ANY);

	(void)state;
	policy_use(policy, policy_drops(policy));
	for (size_t i = 0; i < sizeof(cut_frames) / sizeof(*cut_frames); i++) {
		struct frame whole = lab_frame(cut_frames[i]), frame = { .bytes = bytes };
		size_t outer = 34 + (((const __u8 *)whole.bytes)[23] == 17 ? 8 : 0);

		memcpy(bytes, whole.bytes, whole.len);
		for (frame.len = outer; frame.len < whole.len; frame.len++) {
			struct sl_trace trace;

			put_length(bytes, 16, frame.len - 14);
			if (outer == 42)
				put_length(bytes, 38, frame.len - 34);
			if (bytes[36] == 0x08 && bytes[37] == 0x68 && frame.len >= 50)
				put_length(bytes, 44, frame.len - 50);
			host_run(SL_HOOK_XDP, 0, &frame, &trace);
			if (trace.verdict != SL_DROP || (trace.reason != SL_REASON_BAD_TUNNEL &&
							 trace.reason != SL_REASON_BAD_INNER)) {
				lab_print("cut", &trace);
				fail_msg("frame %zu: %zu of %zu bytes pass", i, frame.len,
					 whole.len);
			}
			assert_true(on_all(&frame));
		}
	}
}

/* Whatever stands in any byte, all ways say the same of it, and ASan nothing. */
static void test_every_byte(void **state)
{
	static const __u8 values[] = { 0,    1,	   4,	 6,    0x29, 0x2c, 0x2f,
				       0x3f, 0x40, 0x45, 0x7f, 0x80, 0xff };
	static __u8 bytes[PACKET_MAX];
	struct policy *policy = policy_of(
		"inner tcp mss 0-65535 count\n inner inner payload @0,1 0-255 count\n"
		" inner exthdr rt missing count\n inner frame length > 0 inner network @0,16 >= 0 count");

	(void)state;
	policy_use(policy, policy_drops(policy));
	for (size_t i = 0; i < sizeof(byte_frames) / sizeof(*byte_frames); i++) {
		struct frame whole = lab_frame(byte_frames[i]);
		struct frame frame = { .bytes = bytes, .len = whole.len };

		memcpy(bytes, whole.bytes, whole.len);
		for (size_t at = 14; at < frame.len; at++) {
			__u8 was = bytes[at];

			for (size_t j = 0; j < sizeof(values); j++) {
				bytes[at] = values[j];
				if (lab_no_kernel) {
					struct sl_trace trace;

					host_run(SL_HOOK_XDP, 0, &frame, &trace);
				}
				assert_true(on_all(&frame));
			}
			bytes[at] = was;
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[NROWS + 6];
	size_t i;

	for (i = 0; i < NROWS; i++)
		tests[i] = (struct CMUnitTest) { .name = rows[i].name,
						 .test_func = test_row,
						 .initial_state = (void *)&rows[i] };
	tests[i++] = (struct CMUnitTest) { .name = "reasons are settings",
					   .test_func = test_reasons_are_settings };
	tests[i++] = (struct CMUnitTest) { .name = "blind is a setting",
					   .test_func = test_blind_is_a_setting };
	tests[i++] = (struct CMUnitTest) { .name = "trace", .test_func = test_trace };
	tests[i++] = (struct CMUnitTest) { .name = "every cut", .test_func = test_every_cut };
	tests[i++] = (struct CMUnitTest) { .name = "every byte", .test_func = test_every_byte };
	tests[i++] = (struct CMUnitTest) { .name = "kernel", .test_func = lab_test_kernel };
	return _cmocka_run_group_tests("inner", tests, i, lab_setup, lab_teardown) ? 1 : 0;
}
