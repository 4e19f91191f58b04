/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What a flow is found by, the same for both directions, and its hash. */

#include "../abi/flow.h"
#include "../abi/rule.h"
#include "arena.h"
#include "inline.h"

/* Sides change by chance, and a branch on that is one that the processor cannot foresee. */
static __always_inline __u64 flow_key_ports(__u16 sport, __u16 dport, __u32 swap)
{
	__u32 ports = sport | (__u32)dport << 16, by = swap << 4;

	return (__u32)(ports << by | ports >> by);
}

static __always_inline __u32 flow_key4(struct sl_flow_key *key, __u64 addr, __u16 sport,
				       __u16 dport, __u64 rest, bool ports)
{
	__u32 source = addr >> 32, dest = (__u32)addr;
	__u32 side = ((__u64)dest - source) >> 63, by;

	if (source == dest && ports)
		side = sport > dport;
	by = side << 5;
	key->addr[0] = addr << by | addr >> by;
	key->addr[1] = 0;
	key->addr[2] = 0;
	key->addr[3] = 0;
	key->rest = rest | flow_key_ports(sport, dport, ports ? side : 0);
	return side;
}

static __always_inline __u32 flow_key6(struct sl_flow_key *key, const __u64 *addr, __u16 sport,
				       __u16 dport, __u64 rest, bool ports)
{
	bool same = addr[0] == addr[2] && addr[1] == addr[3];
	__u32 side = addr[0] > addr[2] || (addr[0] == addr[2] && addr[1] > addr[3]) ||
		     (same && ports && sport > dport);

	key->addr[0] = side ? addr[2] : addr[0];
	key->addr[1] = side ? addr[3] : addr[1];
	key->addr[2] = side ? addr[0] : addr[2];
	key->addr[3] = side ? addr[1] : addr[3];
	key->rest = rest | flow_key_ports(sport, dport, ports ? side : 0);
	return side;
}

/*
 * The key of a packet with these addresses (as in struct sl_key), and which side sent it. The two
 * numbers change sides with the addresses if they are ports; those of ICMP do not.
 */
static __always_inline __u32 flow_key_make(struct sl_flow_key *key, const __u64 *addr, __u8 l3,
					   __u8 proto, __u16 sport, __u16 dport, bool ports)
{
	__u64 rest = SL_FLOW_REST(0, 0, proto, l3);

	return l3 == SL_L3_IP4 ? flow_key4(key, addr[0], sport, dport, rest, ports)
			       : flow_key6(key, addr, sport, dport, rest, ports);
}

/*
 * NH (of UMAC): the product of two halves, each with a secret number added. Two keys that somebody
 * picks without knowing the secret collide in it once in 2^32 times, whatever they are. Multiply and
 * shift behind that, so that all bits of the hash are about all bits of the sum.
 */
static __always_inline __u64 flow_hash_word(const struct sl_flow_table __arena *table, __u32 i,
					    __u64 word)
{
	return (__u64)(__u32)((__u32)word + table->secret[2 * i]) *
	       (__u32)((__u32)(word >> 32) + table->secret[2 * i + 1]);
}

static __always_inline __u64 flow_hash(const struct sl_flow_key *key)
{
	const struct sl_flow_table __arena *table = SL_AT(struct sl_flow_table, SL_ARENA_FLOWS);
	__u64 hash = flow_hash_word(table, 0, key->addr[0]) + flow_hash_word(table, 1, key->rest);

	if (SL_FLOW_L3(key->rest) == SL_L3_IP6)
		hash += flow_hash_word(table, 2, key->addr[1]) +
			flow_hash_word(table, 3, key->addr[2]) +
			flow_hash_word(table, 4, key->addr[3]);
	hash ^= (__u64)table->secret[10] << 32 | table->secret[11];
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdULL;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53ULL;
	return hash ^ hash >> 33;
}
