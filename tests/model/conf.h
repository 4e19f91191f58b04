/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Rules, as the model has them: kept as they are written. */

#include <stdbool.h>

#include <linux/types.h>

#include "op.h"
#include "reason.h"
#include "rule.h"
#include "verdict.h"

/* Any value of any field. */
typedef unsigned __int128 wide;

enum m_selector {
	M_ANY_SADDR,
	M_ANY_DADDR,
	M_IP_SADDR,
	M_IP_DADDR,
	M_IP6_SADDR,
	M_IP6_DADDR,
	M_ANY_PROTO,
	M_IP_PROTO,
	M_IP6_PROTO,
	M_TCP_SPORT,
	M_TCP_DPORT,
	M_UDP_SPORT,
	M_UDP_DPORT,
	M_SCTP_SPORT,
	M_SCTP_DPORT,
	M_TH_SPORT,
	M_TH_DPORT,
	M_TCP_FLAGS,
	M_ICMP_TYPE,
	M_ICMP_CODE,
	M_ICMPV6_TYPE,
	M_ICMPV6_CODE,
	M_VLAN_ID,
	M_VLAN_PCP,
	M_CVLAN_ID,
	M_CVLAN_PCP,
	M_VLAN_TAGS,
	M_ANY_ETHERTYPE,
	M_ANY_DSCP,
	M_ANY_TTL,
	M_ANY_FRAGMENT,
	M_ANY_LENGTH,
	M_IP_LENGTH,
	M_IP6_LENGTH,
	M_ANY_PAYLOAD_LENGTH,
	M_UDP_LENGTH,
	M_TCP_WINDOW,
	M_TCP_MSS,
	M_ETHER_SADDR,
	M_ETHER_DADDR,
	M_EXTHDR,
	M_RAW,
	M_TUNNEL,
	M_VXLAN_VNI,
	M_GENEVE_VNI,
	M_GRE_KEY,
	M_GTP_TEID,
	M_CONTAINS,
	M_APP,
	M_DNS_QNAME,
	M_DNS_QTYPE,
	M_DNS_OPCODE,
	M_DNS_RCODE,
	M_DNS_KIND, /* query or response */
	M_TLS_SNI,
	M_HTTP_HOST,
	M_TLS_ALPN,
	M_HTTP_METHOD,
	M_HTTP_PATH,
	M_HTTP_AGENT,
	M_SSH_SOFTWARE,
	M_TLS_VERSION,
	M_QUIC_VERSION,
	M_QUIC_TYPE,
	M_FLOW_STATE,
	M_FLOW_TO,
	M_FLOW_AGE,
	M_FLOW_PACKETS,
	M_FLOW_BYTES,
	M_SELECTORS,
};

struct m_range {
	wide low, high;
	/*
	 * Of addresses: 4 or 6. Of names: 1, itself; 2, those below; 3, both; low says which of
	 * m_names. Of texts: what may be around the one of m_texts that low says. Of bytes anywhere: how
	 * many of low, which come high times, one behind the other.
	 */
	int family;
};

extern const char *const m_names[];
#define M_NAMES 10

extern const char *const m_texts[];
#define M_TEXTS	     16
#define M_ANY_BEFORE 1
#define M_ANY_BEHIND 2

#define M_VALUES  6
#define M_MATCHES 5
#define M_RULES	  12

struct m_match {
	int selector; /* enum m_selector */
	int inner; /* about the packet in this one, or 2: in that one */
	bool negate;
	__u8 mask; /* TCP flags, extension headers: those looked at. Bytes anywhere: any case */
	int base, offset, length; /* raw bytes: enum sl_base */
	wide raw_mask;
	int count;
	struct m_range range[M_VALUES];
	int style; /* one of the ways to write it; the meaning is the same */
};

/* What a rule sets, in the order of the text. */
enum m_set {
	M_SET_DSCP,
	M_SET_TTL,
	M_SET_MSS,
	M_SET_VLAN_ID,
	M_SET_VLAN_PCP,
	M_PUSH_VLAN,
	M_POP_VLAN,
	M_MIRROR, /* value: the interface is there */
	M_SET_BYTES,
	M_SETS,
};

struct m_stmt {
	int kind; /* enum m_set */
	wide value, mask;
	int base, offset, length; /* M_SET_BYTES */
};

#define M_STMTS 2

struct m_rule {
	struct m_match match[M_MATCHES];
	int count;
	struct m_stmt stmt[M_STMTS];
	int stmts;
	int action; /* enum sl_verdict */
	bool rest_of_flow; /* it is for that, too */
	int reject; /* SL_REJECT: enum sl_reject */
	int with; /* 4, 6: ICMP of that family alone; 10: of either; 0: as reject says */
	wide address; /* of a reply */
	bool is_there; /* SL_REDIRECT: the interface */
	bool has_name;
};

struct m_chain {
	struct m_rule rule[M_RULES];
	int count;
	int policy; /* enum sl_verdict */
};

/* `on` lines, in order. */
struct m_on {
	bool is_class;
	bool drop;
	int what; /* enum sl_reason or sl_class */
};

#define M_ONS 16

struct m_conf {
	bool streams; /* TCP is looked at for messages: the compiler has found a rule about one */
	struct m_chain chain[SL_DIR_MAX_];
	struct m_on on[M_ONS];
	int ons;
};
