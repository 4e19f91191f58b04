/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

#include "op.h"

/*
 * What a rule does beyond its verdict, in the order of the text: statements, and the two matches
 * that depend on more than the packet, LIMIT and SAMPLE. These stand before all statements.
 */

struct sl_conf_limit {
	enum sl_limit_per per;
	bool over; /* holds for what is beyond the rate */
	bool bytes; /* rate and burst are in bytes, else in packets */
	__u32 unit_s; /* rate is what passes in that many seconds: 1, 60, 3600 or 86400 */
	__u64 rate; /* at least 1 */
	__u64 burst; /* at least 1 */
};

struct sl_conf_log {
	__u64 rate; /* events in unit_s seconds; 0: all of them */
	__u64 burst;
	__u32 unit_s;
	__u32 sample; /* one event in that many packets that the rule matches; 1: each */
	__u32 snap; /* bytes of the packet in the event; 0: none */
};

/* New value: old & ~mask | value. */
struct sl_conf_mark {
	__u32 value;
	__u32 mask;
};

struct sl_conf_vlan {
	enum sl_vlan_change change;
	__u32 value; /* as in struct sl_op_vlan; 0 for SL_VLAN_POP */
};

struct sl_conf_write {
	enum sl_base base;
	__u16 offset;
	__u8 length; /* 1 to 16 */
	__u8 value[16]; /* of them the first length bytes count, in the packet's order */
	__u8 mask[16]; /* bits that are written */
};

struct sl_conf_ban {
	__u32 set; /* index in sl_conf.sets: one with a timeout */
	__u8 part[SL_SET_PARTS]; /* enum sl_set_part, SL_PART_NONE behind the last one */
};

struct sl_conf_stmt {
	enum sl_op_kind kind;
	union {
		struct sl_conf_limit limit; /* SL_OP_LIMIT */
		struct sl_conf_log log; /* SL_OP_LOG */
		struct sl_conf_mark mark; /* SL_OP_MARK, SL_OP_PRIORITY */
		struct sl_conf_vlan vlan; /* SL_OP_SET_VLAN */
		struct sl_conf_write bytes; /* SL_OP_SET_BYTES */
		struct sl_conf_ban ban; /* SL_OP_BAN */
		__u32 port; /* SL_OP_MIRROR: index in sl_conf.ports */
		/* SL_OP_SAMPLE: one in that many. SL_OP_SET_DSCP, _TTL, _MSS: the value. */
		__u32 number;
	};
};
