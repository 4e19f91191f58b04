/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "field.h"
#include "words.h"

/* The words before a match's value. */
enum sl_selector {
	SL_SEL_ETHERTYPE,
	SL_SEL_VLAN_ID,
	SL_SEL_VLAN_PCP,
	SL_SEL_VLAN_TAGS,
	SL_SEL_CVLAN_ID,
	SL_SEL_CVLAN_PCP,
	SL_SEL_SADDR,
	SL_SEL_DADDR,
	SL_SEL_IP_SADDR,
	SL_SEL_IP_DADDR,
	SL_SEL_IP6_SADDR,
	SL_SEL_IP6_DADDR,
	SL_SEL_PROTO,
	SL_SEL_TCP_SPORT,
	SL_SEL_TCP_DPORT,
	SL_SEL_UDP_SPORT,
	SL_SEL_UDP_DPORT,
	SL_SEL_SCTP_SPORT,
	SL_SEL_SCTP_DPORT,
	SL_SEL_TH_SPORT,
	SL_SEL_TH_DPORT,
	SL_SEL_TCP_FLAGS,
	SL_SEL_ICMP_TYPE,
	SL_SEL_ICMP_CODE,
	SL_SEL_ICMP6_TYPE,
	SL_SEL_ICMP6_CODE,
	SL_SEL_CODE, /* "code" after "icmp type": check.c makes it one of those above */
	SL_SEL_FRAGMENT,
	SL_SEL_DSCP,
	SL_SEL_TTL,
	SL_SEL_MAX_
};

struct sl_selector_info {
	const char *name; /* as written */
	enum sl_field field; /* of addresses: the IPv4 one, unless l3 says IPv6 */
	const struct sl_vocabulary *words;
	__u8 l3; /* SL_L3_BIT()s that the words themselves ask for; 0: as the field says */
	__u8 tags; /* VLAN tags there must be */
	__u8 protos[3]; /* protocols that the words ask for; 0: none */
};

extern const struct sl_selector_info sl_selectors[SL_SEL_MAX_];
