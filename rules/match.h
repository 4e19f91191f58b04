/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "domain.h"
#include "field.h"
#include "op.h"
#include "selector.h"

/*
 * The conditions of a rule in normal form, which is all that the later stages need: a packet
 * matches when its network class is among l3 and, for each condition, the field's number is in the
 * set. Rules that mean the same have the same form wherever that is cheap to reach:
 *
 * - Several matches on a field are one condition, their intersection; `!=` is the complement.
 * - What a match asks for in passing is a condition of its own: `tcp dport` of the protocol, `vlan
 *   id` of the number of tags.
 * - Addresses are conditions a family: `saddr $both` is one on SL_FIELD_SADDR4 and one on
 *   SL_FIELD_SADDR6. A family outside l3 has none; inside, both addresses' conditions hold.
 * - The ethertype is only asked when l3 has SL_L3_OTHER: it is implied by the other two.
 */
struct sl_cond {
	enum sl_field field;
	struct sl_intervals
		set; /* never empty; all numbers: the packet just needs to have the field */
};

/*
 * Bytes of a layer, as one big-endian number: in the set when masked. A condition for each base,
 * offset, length and mask; ascending in that order. Fields that are always at one place and not in
 * the key, MAC addresses and the TCP window, are such conditions too.
 */
struct sl_cond_raw {
	enum sl_base base;
	__u16 offset;
	__u8 length; /* bytes: 1 to 16 */
	sl_u128 mask; /* never 0, none but the low 8 * length bits */
	struct sl_intervals set;
};

/* A length of the packet, or a number of the application's message in it. */
struct sl_cond_length {
	enum sl_length_of of;
	struct sl_intervals set;
};

/* In a set of sl_conf.sets, or with negate not in it. The packet must have all of the parts. */
struct sl_cond_set {
	__u32 set;
	bool negate;
	__u8 part[SL_SET_PARTS]; /* enum sl_set_part, SL_PART_NONE behind the last one */
};

/* The interface matches sl_conf.patterns[pattern], or with negate does not. */
struct sl_cond_iface {
	__u32 pattern;
	bool negate;
};

/* The name in a message of that application is among these, or with negate is not. */
struct sl_cond_name {
	enum sl_app app;
	bool negate;
	struct sl_domains names; /* ascending, each once */
};

struct sl_conf_match {
	__u8 l3; /* SL_L3_BIT()s */
	bool header; /* asks about the transport header: never in the lists of SL_L4_OTHER */
	struct sl_cond_raw *raws;
	size_t nraws;
	struct sl_cond_length *lengths; /* ascending by of */
	size_t nlengths;
	struct sl_intervals mss; /* empty: not asked; the packet is a SYN with the option */
	struct sl_cond_set *sets;
	size_t nsets;
	struct sl_cond_iface *ifaces;
	size_t nifaces;
	struct sl_cond_name *names; /* in the order of the text */
	size_t nnames;
	size_t count;
	struct sl_cond conds[]; /* ascending by field */
};

/* NULL: no condition. */
const struct sl_intervals *sl_match_find(const struct sl_conf_match *match, enum sl_field field);
/* The selector that means the condition, given the protocols (NULL: any); SL_SEL_MAX_: none does. */
enum sl_selector sl_raw_selector(const struct sl_cond_raw *raw, const struct sl_intervals *proto);
/* Protocol numbers of the class; SL_L4_OTHER has none. */
__u8 sl_match_proto(enum sl_l3 l3, enum sl_l4 l4);
/* Whether a packet of these classes may match. */
bool sl_match_reaches(const struct sl_conf_match *match, enum sl_l3 l3, enum sl_l4 l4);
/* Whether it asks of the application's message. */
bool sl_match_asks_app(const struct sl_conf_match *match);
void sl_match_freep(struct sl_conf_match **match);
