/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "field.h"

#include "cover.h"

#define IP4 SL_L3_BIT(SL_L3_IP4)
#define IP6 SL_L3_BIT(SL_L3_IP6)

#define LINK(part, bits_, ...)                                                     \
	.place = SL_PLACE_LINK, .shift = SL_LINK_##part##_SHIFT, .width = (bits_), \
	.l3 = SL_L3_ALL, __VA_ARGS__
#define XPORT(part, bits_, ...)                                                      \
	.place = SL_PLACE_XPORT, .shift = SL_XPORT_##part##_SHIFT, .width = (bits_), \
	.l3 = SL_L3_IPS, __VA_ARGS__

/* clang-format off */
const struct sl_field_info sl_fields[SL_FIELD_MAX_] = {
	[SL_FIELD_ETHERTYPE] = { "ethertype",  LINK(ETHERTYPE, 16) },
	[SL_FIELD_TAGS]	     = { "vlan tags",  LINK(TAGS, 3, .max = 4) },
	[SL_FIELD_VLAN_ID]   = { "vlan id",    LINK(VLAN, 12) },
	[SL_FIELD_VLAN_PCP]  = { "vlan pcp",   LINK(PCP, 3) },
	[SL_FIELD_CVLAN_ID]  = { "cvlan id",   LINK(IVLAN, 12) },
	[SL_FIELD_CVLAN_PCP] = { "cvlan pcp",  LINK(IPCP, 3) },
	[SL_FIELD_SADDR4]    = { "ip saddr",   SL_PLACE_ADDR4, 32, 32, .l3 = IP4 },
	[SL_FIELD_DADDR4]    = { "ip daddr",   SL_PLACE_ADDR4, 0, 32, .l3 = IP4 },
	[SL_FIELD_SADDR6]    = { "ip6 saddr",  SL_PLACE_ADDR6, 0, 128, .l3 = IP6 },
	[SL_FIELD_DADDR6]    = { "ip6 daddr",  SL_PLACE_ADDR6, 128, 128, .l3 = IP6 },
	[SL_FIELD_PROTO]     = { "proto",      XPORT(PROTO, 8) },
	[SL_FIELD_SPORT]     = { "sport",      SL_PLACE_SPORT, 0, 16, .l3 = SL_L3_IPS, .header = true },
	[SL_FIELD_DPORT]     = { "dport",      SL_PLACE_DPORT, 0, 16, .l3 = SL_L3_IPS, .header = true },
	[SL_FIELD_FLAGS]     = { "tcp flags",  XPORT(FLAGS, 8, .header = true, .bits = true) },
	[SL_FIELD_TYPE]	     = { "icmp type",  SL_PLACE_SPORT, 0, 8, .l3 = SL_L3_IPS, .header = true },
	[SL_FIELD_CODE]	     = { "icmp code",  SL_PLACE_DPORT, 0, 8, .l3 = SL_L3_IPS, .header = true },
	[SL_FIELD_FRAGMENT]  = { "fragment",   XPORT(FRAG, 2, .max = SL_FRAG_LATER) },
	[SL_FIELD_DSCP]	     = { "dscp",       XPORT(DSCP, 6) },
	[SL_FIELD_TTL]	     = { "ttl",        XPORT(TTL, 8) },
	[SL_FIELD_EXT]	     = { "exthdr",     SL_PLACE_XPORT, SL_XPORT_EXT_SHIFT, 8, .l3 = IP6, .bits = true },
};
/* clang-format on */

sl_u128 sl_field_max(enum sl_field field)
{
	return sl_fields[field].max ? sl_fields[field].max : sl_ones(sl_fields[field].width);
}
