/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "selector.h"

#include <stdint.h>

#include "app.h"
#include "flow.h"
#include "cover.h"
#include "inner.h"

#define IP4 SL_L3_BIT(SL_L3_IP4)
#define IP6 SL_L3_BIT(SL_L3_IP6)

#define TCP   6
#define UDP   17
#define SCTP  132
#define ICMP  1
#define ICMP6 58

/* nft's "ip6 length" is the header's field: what follows the header. */
#define IP6_HEADER 40

#define RAW(base_, offset_, length_)                                                      \
	SL_FIELD_MAX_, .kind = SL_KIND_RAW, .base = SL_BASE_##base_, .offset = (offset_), \
		.length = (length_)
#define LENGTH(what) SL_FIELD_MAX_, PLAIN, .kind = SL_KIND_LENGTH, .of = SL_LENGTH_##what
#define APP(what)                                                                       \
	SL_FIELD_MAX_, .kind = SL_KIND_LENGTH, .of = SL_NUMBER_##what, .l3 = IP4 | IP6, \
		.header = true
#define FLOW(what) \
	SL_FIELD_MAX_, .kind = SL_KIND_LENGTH, .of = SL_NUMBER_FLOW_##what, .l3 = IP4 | IP6
#define TUNNEL_ID(of) \
	SL_FIELD_MAX_, PLAIN, .kind = SL_KIND_TUNNEL_ID, .l3 = SL_L3_IPS, .tunnel = SL_TUNNEL_##of
#define MAC .words = &sl_words_mac
#define PORT(dir, ...) \
	.words = &sl_words_port, .protos = { __VA_ARGS__ }, .part = SL_PART_##dir##PORT
#define WORDS(of) .words = &sl_words_##of
#define NAME(of, ...)                                                                    \
	SL_FIELD_MAX_, PLAIN, .kind = SL_KIND_NAME, .app = SL_APP_##of, .l3 = IP4 | IP6, \
		.protos = { __VA_ARGS__ }, .header = true
#define TEXT(of)                                                                           \
	SL_FIELD_MAX_, PLAIN, .kind = SL_KIND_TEXT, .text = SL_TEXT_##of, .l3 = IP4 | IP6, \
		.protos = { TCP }, .header = true
#define PLAIN	     .words = &sl_words_none
#define ICMP4_(what) .words = &sl_words_icmp_##what, .l3 = IP4, .protos = { ICMP }
#define ICMP6_(what) .words = &sl_words_icmp6_##what, .l3 = IP6, .protos = { ICMP6 }

/* clang-format off */
const struct sl_selector_info sl_selectors[SL_SEL_MAX_] = {
	[SL_SEL_ETHERTYPE]  = { "ethertype",   SL_FIELD_ETHERTYPE, WORDS(ethertype), .hex = true },
	[SL_SEL_VLAN_ID]    = { "vlan id",     SL_FIELD_VLAN_ID, PLAIN, .tags = 1 },
	[SL_SEL_VLAN_PCP]   = { "vlan pcp",    SL_FIELD_VLAN_PCP, PLAIN, .tags = 1 },
	[SL_SEL_VLAN_TAGS]  = { "vlan tags",   SL_FIELD_TAGS, PLAIN },
	[SL_SEL_CVLAN_ID]   = { "cvlan id",    SL_FIELD_CVLAN_ID, PLAIN, .tags = 2 },
	[SL_SEL_CVLAN_PCP]  = { "cvlan pcp",   SL_FIELD_CVLAN_PCP, PLAIN, .tags = 2 },
	[SL_SEL_SADDR]	    = { "saddr",       SL_FIELD_SADDR4, PLAIN, .l3 = IP4 | IP6, .part = SL_PART_SADDR },
	[SL_SEL_DADDR]	    = { "daddr",       SL_FIELD_DADDR4, PLAIN, .l3 = IP4 | IP6, .part = SL_PART_DADDR },
	[SL_SEL_IP_SADDR]   = { "ip saddr",    SL_FIELD_SADDR4, PLAIN, .l3 = IP4, .part = SL_PART_SADDR },
	[SL_SEL_IP_DADDR]   = { "ip daddr",    SL_FIELD_DADDR4, PLAIN, .l3 = IP4, .part = SL_PART_DADDR },
	[SL_SEL_IP6_SADDR]  = { "ip6 saddr",   SL_FIELD_SADDR6, PLAIN, .l3 = IP6, .part = SL_PART_SADDR },
	[SL_SEL_IP6_DADDR]  = { "ip6 daddr",   SL_FIELD_DADDR6, PLAIN, .l3 = IP6, .part = SL_PART_DADDR },
	[SL_SEL_PROTO]	    = { "proto",       SL_FIELD_PROTO, WORDS(proto), .part = SL_PART_PROTO },
	[SL_SEL_IP_PROTO]   = { "ip protocol", SL_FIELD_PROTO, WORDS(proto), .l3 = IP4, .part = SL_PART_PROTO },
	[SL_SEL_IP6_PROTO]  = { "ip6 nexthdr", SL_FIELD_PROTO, WORDS(proto), .l3 = IP6, .part = SL_PART_PROTO },
	[SL_SEL_TCP_SPORT]  = { "tcp sport",   SL_FIELD_SPORT, PORT(S, TCP) },
	[SL_SEL_TCP_DPORT]  = { "tcp dport",   SL_FIELD_DPORT, PORT(D, TCP) },
	[SL_SEL_UDP_SPORT]  = { "udp sport",   SL_FIELD_SPORT, PORT(S, UDP) },
	[SL_SEL_UDP_DPORT]  = { "udp dport",   SL_FIELD_DPORT, PORT(D, UDP) },
	[SL_SEL_SCTP_SPORT] = { "sctp sport",  SL_FIELD_SPORT, PORT(S, SCTP) },
	[SL_SEL_SCTP_DPORT] = { "sctp dport",  SL_FIELD_DPORT, PORT(D, SCTP) },
	[SL_SEL_TH_SPORT]   = { "th sport",    SL_FIELD_SPORT, PORT(S, TCP, UDP, SCTP) },
	[SL_SEL_TH_DPORT]   = { "th dport",    SL_FIELD_DPORT, PORT(D, TCP, UDP, SCTP) },
	[SL_SEL_TCP_FLAGS]  = { "tcp flags",   SL_FIELD_FLAGS, WORDS(flag), .protos = { TCP } },
	[SL_SEL_ICMP_TYPE]  = { "icmp type",   SL_FIELD_TYPE, ICMP4_(type) },
	[SL_SEL_ICMP_CODE]  = { "icmp code",   SL_FIELD_CODE, ICMP4_(code) },
	[SL_SEL_ICMP6_TYPE] = { "icmpv6 type", SL_FIELD_TYPE, ICMP6_(type) },
	[SL_SEL_ICMP6_CODE] = { "icmpv6 code", SL_FIELD_CODE, ICMP6_(code) },
	[SL_SEL_CODE]	    = { "code",	       SL_FIELD_CODE, PLAIN },
	[SL_SEL_FRAGMENT]   = { "fragment",    SL_FIELD_FRAGMENT, WORDS(fragment) },
	[SL_SEL_DSCP]	    = { "dscp",	       SL_FIELD_DSCP, WORDS(dscp) },
	[SL_SEL_IP_DSCP]    = { "ip dscp",     SL_FIELD_DSCP, WORDS(dscp), .l3 = IP4 },
	[SL_SEL_IP6_DSCP]   = { "ip6 dscp",    SL_FIELD_DSCP, WORDS(dscp), .l3 = IP6 },
	[SL_SEL_TTL]	    = { "ttl",	       SL_FIELD_TTL, PLAIN },
	[SL_SEL_IP_TTL]	    = { "ip ttl",      SL_FIELD_TTL, PLAIN, .l3 = IP4 },
	[SL_SEL_IP6_TTL]    = { "ip6 hoplimit", SL_FIELD_TTL, PLAIN, .l3 = IP6 },
	[SL_SEL_EXTHDR]	    = { "exthdr",      SL_FIELD_EXT, WORDS(exthdr) },
	[SL_SEL_ETHER_SADDR] = { "ether saddr", RAW(FRAME, 6, 6), MAC, .l3 = SL_L3_ALL, .part = SL_PART_SMAC },
	[SL_SEL_ETHER_DADDR] = { "ether daddr", RAW(FRAME, 0, 6), MAC, .l3 = SL_L3_ALL, .part = SL_PART_DMAC },
	[SL_SEL_TCP_WINDOW] = { "tcp window",  RAW(TRANSPORT, 14, 2), PLAIN, .l3 = IP4 | IP6, .protos = { TCP }, .header = true },
	[SL_SEL_UDP_LENGTH] = { "udp length",  RAW(TRANSPORT, 4, 2), PLAIN, .l3 = IP4 | IP6, .protos = { UDP }, .header = true },
	[SL_SEL_TCP_MSS]    = { "tcp mss",     SL_FIELD_MAX_, PLAIN, .l3 = IP4 | IP6, .protos = { TCP }, .kind = SL_KIND_MSS, .header = true },
	[SL_SEL_LENGTH]	    = { "frame length", LENGTH(FRAME), .l3 = SL_L3_ALL },
	[SL_SEL_IP_LENGTH]  = { "ip length",   LENGTH(PACKET), .l3 = IP4 },
	[SL_SEL_IP6_LENGTH] = { "ip6 length",  LENGTH(PACKET), .l3 = IP6, .extra = IP6_HEADER },
	[SL_SEL_PAYLOAD_LENGTH] = { "payload length", LENGTH(PAYLOAD), .l3 = IP4 | IP6 },
	[SL_SEL_TUNNEL]	    = { "tunnel",      SL_FIELD_MAX_, WORDS(tunnel), .l3 = SL_L3_ALL, .kind = SL_KIND_TUNNEL },
	[SL_SEL_VXLAN_VNI]  = { "vxlan vni",   TUNNEL_ID(VXLAN) },
	[SL_SEL_GENEVE_VNI] = { "geneve vni",  TUNNEL_ID(GENEVE) },
	[SL_SEL_GRE_KEY]    = { "gre key",     TUNNEL_ID(GRE) },
	[SL_SEL_GTP_TEID]   = { "gtp teid",    TUNNEL_ID(GTP) },
	[SL_SEL_IIFNAME]    = { "iifname",     SL_FIELD_MAX_, PLAIN, .l3 = SL_L3_ALL, .kind = SL_KIND_IFACE },
	[SL_SEL_FLOW_STATE] = { "flow state",  FLOW(STATE), WORDS(flow_state) },
	[SL_SEL_FLOW_TO]    = { "flow to",     FLOW(TO), WORDS(flow_to) },
	[SL_SEL_FLOW_AGE]   = { "flow age",    FLOW(AGE), PLAIN },
	[SL_SEL_FLOW_PACKETS] = { "flow packets", FLOW(PACKETS), PLAIN },
	[SL_SEL_FLOW_BYTES] = { "flow bytes",  FLOW(BYTES), PLAIN },
	[SL_SEL_APP]	    = { "app",         APP(APP), WORDS(app), .protos = { TCP, UDP } },
	[SL_SEL_DNS]	    = { "dns",         APP(DNS), WORDS(dns), .protos = { TCP, UDP } },
	[SL_SEL_DNS_QTYPE]  = { "dns qtype",   APP(DNS_QTYPE), WORDS(dns_type), .protos = { TCP, UDP } },
	[SL_SEL_DNS_OPCODE] = { "dns opcode",  APP(DNS_OPCODE), WORDS(dns_opcode), .protos = { TCP, UDP } },
	[SL_SEL_DNS_RCODE]  = { "dns rcode",   APP(DNS_RCODE), WORDS(dns_rcode), .protos = { TCP, UDP } },
	[SL_SEL_OIFNAME]    = { "oifname",     SL_FIELD_MAX_, PLAIN, .l3 = SL_L3_ALL, .kind = SL_KIND_IFACE },
	[SL_SEL_DNS_QNAME]  = { "dns qname",   NAME(DNS, TCP, UDP), .part = SL_PART_QNAME },
	[SL_SEL_TLS_SNI]    = { "tls sni",     NAME(TLS, TCP), .part = SL_PART_SNI },
	[SL_SEL_HTTP_HOST]  = { "http host",   NAME(HTTP, TCP), .part = SL_PART_HOST },
	[SL_SEL_TLS_VERSION] = { "tls version", APP(TLS_VERSION), WORDS(tls_version), .protos = { TCP } },
	[SL_SEL_QUIC_VERSION] = { "quic version", APP(QUIC_VERSION), PLAIN, .protos = { UDP } },
	[SL_SEL_QUIC_TYPE]  = { "quic type",   APP(QUIC_TYPE), WORDS(quic_type), .protos = { UDP } },
	[SL_SEL_TLS_ALPN]   = { "tls alpn",    TEXT(TLS_ALPN) },
	[SL_SEL_HTTP_METHOD] = { "http method", TEXT(HTTP_METHOD) },
	[SL_SEL_HTTP_PATH]  = { "http path",   TEXT(HTTP_PATH) },
	[SL_SEL_HTTP_AGENT] = { "http user-agent", TEXT(HTTP_AGENT) },
	[SL_SEL_SSH_SOFTWARE] = { "ssh software", TEXT(SSH_SOFTWARE) },
};
/* clang-format on */

static sl_u128 number_max(enum sl_length_of of)
{
	static const __u64 max[SL_LENGTH_MAX_] = {
		[SL_LENGTH_FRAME] = UINT32_MAX,
		[SL_LENGTH_PACKET] = UINT16_MAX,
		[SL_LENGTH_PAYLOAD] = UINT32_MAX,
		[SL_NUMBER_FLOW_STATE] = SL_FLOW_STATE_MAX_ - 1,
		[SL_NUMBER_FLOW_TO] = SL_FLOW_TO_MAX_ - 1,
		[SL_NUMBER_FLOW_AGE] = UINT32_MAX,
		[SL_NUMBER_FLOW_PACKETS] = UINT64_MAX,
		[SL_NUMBER_FLOW_BYTES] = UINT64_MAX,
		[SL_NUMBER_APP] = SL_APP_MAX_ - 1,
		[SL_NUMBER_DNS] = 1,
		[SL_NUMBER_DNS_QTYPE] = UINT16_MAX,
		[SL_NUMBER_DNS_OPCODE] = 15,
		[SL_NUMBER_DNS_RCODE] = 15,
		[SL_NUMBER_TLS_VERSION] = UINT16_MAX,
		[SL_NUMBER_QUIC_VERSION] = UINT32_MAX,
		[SL_NUMBER_QUIC_TYPE] = SL_QUIC_TYPE_MAX_ - 1,
	};

	return max[of];
}

sl_u128 sl_selector_max(const struct sl_selector_info *info)
{
	switch (info->kind) {
	case SL_KIND_FIELD:
		return sl_field_max(info->field);
	case SL_KIND_RAW:
		return sl_ones(8U * info->length);
	case SL_KIND_LENGTH:
		return number_max(info->of);
	case SL_KIND_TUNNEL:
		return SL_TUNNEL_MAX_ - 1;
	case SL_KIND_TUNNEL_ID:
		return info->tunnel == SL_TUNNEL_VXLAN || info->tunnel == SL_TUNNEL_GENEVE
			       ? sl_ones(24)
			       : UINT32_MAX;
	case SL_KIND_MSS:
	case SL_KIND_IFACE:
	case SL_KIND_NAME:
	case SL_KIND_TEXT:
		break;
	}
	return UINT16_MAX;
}

bool sl_selector_is_addr(const struct sl_selector_info *info)
{
	return info->kind == SL_KIND_FIELD && info->field >= SL_FIELD_SADDR4 &&
	       info->field <= SL_FIELD_DADDR6;
}
