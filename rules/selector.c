/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "selector.h"

#define IP4 SL_L3_BIT(SL_L3_IP4)
#define IP6 SL_L3_BIT(SL_L3_IP6)

#define TCP   6
#define UDP   17
#define SCTP  132
#define ICMP  1
#define ICMP6 58

#define PORT(...)    .words = &sl_words_port, .protos = { __VA_ARGS__ }
#define WORDS(of)    .words = &sl_words_##of
#define PLAIN	     .words = &sl_words_none
#define ICMP4_(what) .words = &sl_words_icmp_##what, .l3 = IP4, .protos = { ICMP }
#define ICMP6_(what) .words = &sl_words_icmp6_##what, .l3 = IP6, .protos = { ICMP6 }

/* clang-format off */
const struct sl_selector_info sl_selectors[SL_SEL_MAX_] = {
	[SL_SEL_ETHERTYPE]  = { "ethertype",   SL_FIELD_ETHERTYPE, WORDS(ethertype) },
	[SL_SEL_VLAN_ID]    = { "vlan id",     SL_FIELD_VLAN_ID, PLAIN, .tags = 1 },
	[SL_SEL_VLAN_PCP]   = { "vlan pcp",    SL_FIELD_VLAN_PCP, PLAIN, .tags = 1 },
	[SL_SEL_VLAN_TAGS]  = { "vlan tags",   SL_FIELD_TAGS, PLAIN },
	[SL_SEL_CVLAN_ID]   = { "cvlan id",    SL_FIELD_CVLAN_ID, PLAIN, .tags = 2 },
	[SL_SEL_CVLAN_PCP]  = { "cvlan pcp",   SL_FIELD_CVLAN_PCP, PLAIN, .tags = 2 },
	[SL_SEL_SADDR]	    = { "saddr",       SL_FIELD_SADDR4, PLAIN, .l3 = IP4 | IP6 },
	[SL_SEL_DADDR]	    = { "daddr",       SL_FIELD_DADDR4, PLAIN, .l3 = IP4 | IP6 },
	[SL_SEL_IP_SADDR]   = { "ip saddr",    SL_FIELD_SADDR4, PLAIN, .l3 = IP4 },
	[SL_SEL_IP_DADDR]   = { "ip daddr",    SL_FIELD_DADDR4, PLAIN, .l3 = IP4 },
	[SL_SEL_IP6_SADDR]  = { "ip6 saddr",   SL_FIELD_SADDR6, PLAIN, .l3 = IP6 },
	[SL_SEL_IP6_DADDR]  = { "ip6 daddr",   SL_FIELD_DADDR6, PLAIN, .l3 = IP6 },
	[SL_SEL_PROTO]	    = { "proto",       SL_FIELD_PROTO, WORDS(proto) },
	[SL_SEL_TCP_SPORT]  = { "tcp sport",   SL_FIELD_SPORT, PORT(TCP) },
	[SL_SEL_TCP_DPORT]  = { "tcp dport",   SL_FIELD_DPORT, PORT(TCP) },
	[SL_SEL_UDP_SPORT]  = { "udp sport",   SL_FIELD_SPORT, PORT(UDP) },
	[SL_SEL_UDP_DPORT]  = { "udp dport",   SL_FIELD_DPORT, PORT(UDP) },
	[SL_SEL_SCTP_SPORT] = { "sctp sport",  SL_FIELD_SPORT, PORT(SCTP) },
	[SL_SEL_SCTP_DPORT] = { "sctp dport",  SL_FIELD_DPORT, PORT(SCTP) },
	[SL_SEL_TH_SPORT]   = { "th sport",    SL_FIELD_SPORT, PORT(TCP, UDP, SCTP) },
	[SL_SEL_TH_DPORT]   = { "th dport",    SL_FIELD_DPORT, PORT(TCP, UDP, SCTP) },
	[SL_SEL_TCP_FLAGS]  = { "tcp flags",   SL_FIELD_FLAGS, WORDS(flag), .protos = { TCP } },
	[SL_SEL_ICMP_TYPE]  = { "icmp type",   SL_FIELD_TYPE, ICMP4_(type) },
	[SL_SEL_ICMP_CODE]  = { "icmp code",   SL_FIELD_CODE, ICMP4_(code) },
	[SL_SEL_ICMP6_TYPE] = { "icmpv6 type", SL_FIELD_TYPE, ICMP6_(type) },
	[SL_SEL_ICMP6_CODE] = { "icmpv6 code", SL_FIELD_CODE, ICMP6_(code) },
	[SL_SEL_CODE]	    = { "code",	       SL_FIELD_CODE, PLAIN },
	[SL_SEL_FRAGMENT]   = { "fragment",    SL_FIELD_FRAGMENT, WORDS(fragment) },
	[SL_SEL_DSCP]	    = { "dscp",	       SL_FIELD_DSCP, WORDS(dscp) },
	[SL_SEL_TTL]	    = { "ttl",	       SL_FIELD_TTL, PLAIN },
};
/* clang-format on */
