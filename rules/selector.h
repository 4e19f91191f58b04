/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "app.h"
#include "field.h"
#include "op.h"
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
	SL_SEL_IP_PROTO,
	SL_SEL_IP6_PROTO,
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
	SL_SEL_IP_DSCP,
	SL_SEL_IP6_DSCP,
	SL_SEL_TTL,
	SL_SEL_IP_TTL,
	SL_SEL_IP6_TTL,
	SL_SEL_EXTHDR,
	SL_SEL_ETHER_SADDR,
	SL_SEL_ETHER_DADDR,
	SL_SEL_TCP_WINDOW,
	SL_SEL_UDP_LENGTH,
	SL_SEL_TCP_MSS,
	SL_SEL_LENGTH,
	SL_SEL_IP_LENGTH,
	SL_SEL_IP6_LENGTH,
	SL_SEL_PAYLOAD_LENGTH,
	SL_SEL_TUNNEL,
	SL_SEL_VXLAN_VNI,
	SL_SEL_GENEVE_VNI,
	SL_SEL_GRE_KEY,
	SL_SEL_GTP_TEID,
	SL_SEL_IIFNAME,
	SL_SEL_OIFNAME,
	SL_SEL_FLOW_STATE,
	SL_SEL_FLOW_TO,
	SL_SEL_FLOW_AGE,
	SL_SEL_FLOW_PACKETS,
	SL_SEL_FLOW_BYTES,
	SL_SEL_APP,
	SL_SEL_DNS, /* query or response */
	SL_SEL_DNS_QTYPE,
	SL_SEL_DNS_OPCODE,
	SL_SEL_DNS_RCODE,
	SL_SEL_DNS_QNAME,
	SL_SEL_TLS_SNI,
	SL_SEL_HTTP_HOST,
	SL_SEL_TLS_VERSION,
	SL_SEL_QUIC_VERSION,
	SL_SEL_QUIC_TYPE,
	SL_SEL_TLS_ALPN,
	SL_SEL_HTTP_METHOD,
	SL_SEL_HTTP_PATH,
	SL_SEL_HTTP_AGENT,
	SL_SEL_SSH_SOFTWARE,
	SL_SEL_MAX_
};

/* What kind of condition a match with the selector makes. */
enum sl_selector_kind {
	SL_KIND_FIELD, /* struct sl_cond */
	SL_KIND_RAW, /* struct sl_cond_raw */
	SL_KIND_LENGTH, /* struct sl_cond_length */
	SL_KIND_MSS,
	SL_KIND_IFACE, /* struct sl_cond_iface */
	SL_KIND_NAME, /* struct sl_cond_name */
	SL_KIND_TEXT, /* struct sl_cond_text */
	SL_KIND_TUNNEL,
	SL_KIND_TUNNEL_ID, /* of one tunnel, the selector's */
};

struct sl_selector_info {
	const char *name; /* as written */
	enum sl_field field; /* of addresses: the IPv4 one, unless l3 says IPv6; or none */
	enum sl_set_part part; /* in a concatenation and in sets; none: cannot be in one */
	const struct sl_vocabulary *words;
	enum sl_selector_kind kind;
	enum sl_length_of of; /* SL_KIND_LENGTH */
	enum sl_app app; /* SL_KIND_NAME: whose */
	enum sl_text_of text; /* SL_KIND_TEXT */
	enum sl_base base; /* SL_KIND_RAW: where, and how many bytes */
	__u16 offset;
	__u8 length;
	__u8 extra; /* SL_KIND_LENGTH: what the condition's numbers are more than the written ones */
	__u8 l3; /* SL_L3_BIT()s that the words themselves ask for; 0: as the field says */
	__u8 tags; /* VLAN tags there must be */
	__u8 tunnel; /* SL_KIND_TUNNEL_ID: enum sl_tunnel */
	__u8 protos[3]; /* protocols that the words ask for; 0: none */
	bool header; /* is about the transport header; fields say so themselves */
	bool hex; /* numbers are printed so */
};

extern const struct sl_selector_info sl_selectors[SL_SEL_MAX_];

/* The highest number that can be written. */
sl_u128 sl_selector_max(const struct sl_selector_info *info);
/* Whether values are addresses. */
bool sl_selector_is_addr(const struct sl_selector_info *info);
