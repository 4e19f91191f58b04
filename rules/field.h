/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

#include "interval.h"
#include "rule.h"

/*
 * What of a packet a rule can ask about: the parts of struct sl_key, each a number. The order is
 * the one that rules are printed in.
 */
enum sl_field {
	SL_FIELD_ETHERTYPE,
	SL_FIELD_TAGS,
	SL_FIELD_VLAN_ID,
	SL_FIELD_VLAN_PCP,
	SL_FIELD_CVLAN_ID,
	SL_FIELD_CVLAN_PCP,
	SL_FIELD_SADDR4,
	SL_FIELD_DADDR4,
	SL_FIELD_SADDR6,
	SL_FIELD_DADDR6,
	SL_FIELD_PROTO,
	SL_FIELD_SPORT,
	SL_FIELD_DPORT,
	SL_FIELD_FLAGS,
	SL_FIELD_TYPE,
	SL_FIELD_CODE,
	SL_FIELD_FRAGMENT,
	SL_FIELD_DSCP,
	SL_FIELD_TTL,
	SL_FIELD_EXT,
	SL_FIELD_MAX_
};

/* Where in struct sl_key a field is, and by that what compares it: a rule's body, or its records. */
enum sl_place {
	SL_PLACE_LINK, /* body, at shift */
	SL_PLACE_XPORT, /* body, at shift */
	SL_PLACE_ADDR4, /* records: a prefix, at shift in addr[0] */
	SL_PLACE_ADDR6, /* records: a prefix, 128 bits from addr[shift / 64] on, high half first */
	SL_PLACE_SPORT, /* records: a range */
	SL_PLACE_DPORT, /* records: a range */
};

#define SL_L3_BIT(l3) (1U << (l3))
#define SL_L3_IPS     (SL_L3_BIT(SL_L3_IP4) | SL_L3_BIT(SL_L3_IP6))
#define SL_L3_ALL     (SL_L3_IPS | SL_L3_BIT(SL_L3_OTHER))

struct sl_field_info {
	const char *name; /* as messages call it */
	enum sl_place place;
	__u8 shift;
	__u8 width; /* bits */
	__u8 max; /* the highest number that occurs; 0: all that fit in width */
	__u8 l3; /* SL_L3_BIT()s of the packets that have the field */
	bool header; /* stands in the transport header: packets without one never match */
	bool bits; /* its bits mean something each: see sl_cover_bits() */
};

extern const struct sl_field_info sl_fields[SL_FIELD_MAX_];

sl_u128 sl_field_max(enum sl_field field);
