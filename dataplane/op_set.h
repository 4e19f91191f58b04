/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Sets as rules ask them, and bans. Plain sets are walked in the arena (set.h); entries are in the
 * kernel's maps; the functions that reach them are in maps.h, and for the host where its maps are.
 */

#include "../abi/op.h"
#include "../abi/sets.h"
#include "op_match.h"
#include "op_name.h"
#include "pkt.h"
#include "set.h"

static __always_inline __u64 sl_coarse_now(void);
static __always_inline struct sl_set_lookup *sl_set_lookup(void);
static __always_inline struct sl_set_entry *sl_hash_find(__u32 slot, const struct sl_set_key *key);
static __always_inline struct sl_set_entry *sl_trie_find(__u32 slot,
							 const struct sl_set_prefix *key);
static __always_inline long sl_hash_put(__u32 slot, const struct sl_set_key *key,
					const struct sl_set_entry *entry);
static __always_inline long sl_trie_put(__u32 slot, const struct sl_set_prefix *key,
					const struct sl_set_entry *entry);

static __always_inline __u64 set_mac(const __u8 *bytes)
{
	__u64 mac = 0;

	for (int i = 0; i < 6; i++)
		mac = mac << 8 | bytes[i];
	return mac;
}

/* Every frame that rules are asked about has an Ethernet header in its window. */
static __always_inline void sl_set_macs(struct sl_pkt *pkt)
{
	struct sl_set_lookup *lookup = sl_set_lookup();

	if (!lookup || !pkt->window)
		return;
	lookup->mac[0] = set_mac(pkt->window + 6);
	lookup->mac[1] = set_mac(pkt->window);
}

/* Source or destination, see sl_set_macs() */
static __always_inline bool set_mac_of(unsigned int which, struct sl_wide *out)
{
	const struct sl_set_lookup *lookup = sl_set_lookup();

	if (!lookup)
		return false;
	out->low = lookup->mac[which];
	return true;
}

/* An address; the lower half of an IPv4 one is as it is. */
static __always_inline bool set_addr(const struct sl_key *key, __u32 part, struct sl_wide *out)
{
	bool destination = part == SL_PART_DADDR;

	if (key->l3 == SL_L3_IP4) {
		out->low = destination ? (__u32)key->addr[0] : key->addr[0] >> 32;
		return true;
	}
	if (key->l3 != SL_L3_IP6)
		return false;
	out->high = destination ? key->addr[2] : key->addr[0];
	out->low = destination ? key->addr[3] : key->addr[1];
	return true;
}

/* The packet's number for a part of the set's elements; false: it has none. */
static __always_inline bool set_part(const struct sl_key *key, __u32 part, struct sl_wide *out)
{
	out->high = 0;
	out->low = 0;
	switch (part) {
	case SL_PART_SADDR:
	case SL_PART_DADDR:
		return set_addr(key, part, out);
	case SL_PART_SPORT:
		out->low = key->sport;
		break;
	case SL_PART_DPORT:
		out->low = key->dport;
		break;
	case SL_PART_SMAC:
		return set_mac_of(0, out);
	case SL_PART_DMAC:
		return set_mac_of(1, out);
	case SL_PART_PROTO:
		out->low = key->xport >> SL_XPORT_PROTO_SHIFT & 0xff;
		return key->l3 != SL_L3_OTHER;
	default:
		return false;
	}
	return key->l4 == SL_L4_TCP || key->l4 == SL_L4_UDP || key->l4 == SL_L4_SCTP;
}

static __always_inline bool part_is_addr(__u32 part)
{
	return part == SL_PART_SADDR || part == SL_PART_DADDR;
}

static __always_inline bool part_is_wide(__u32 part)
{
	return part_is_addr(part) || part == SL_PART_SMAC || part == SL_PART_DMAC;
}

/* --- plain sets --- */

static __always_inline enum op_found set_plain(const struct sl_key *key, __u32 part, __u32 body)
{
	const struct sl_set_roots __arena *roots = SL_AT(struct sl_set_roots, body);
	enum sl_set_root which = SL_ROOT_NUMBER;
	struct sl_wide number;

	if (!set_part(key, part, &number))
		return OP_LACKS;
	if (part_is_addr(part))
		which = key->l3 == SL_L3_IP4 ? SL_ROOT_IP4 : SL_ROOT_NETS;
	return sl_roots_have(roots, which, number.high, number.low) ? OP_YES : OP_NO;
}

/* --- entries --- */

/* The packet's key in the set of an operation; false: it lacks a part. */
static __always_inline bool set_key_make(const struct sl_key *key, __u32 at, struct sl_set_key *out)
{
	const struct sl_op_set __arena *op = SL_AT(struct sl_op_set, at);
	struct sl_wide number;
	__u32 wide = sl_unknown(0);

	*out = (struct sl_set_key) {};
	for (int i = 0; i < SL_SET_PARTS; i++) {
		__u32 part = op->part[i];

		if (part == SL_PART_NONE)
			break;
		if (!set_part(key, part, &number))
			return false;
		if (part_is_addr(part) && key->l3 == SL_L3_IP4)
			number.low |= SL_KEY_MAPPED;
		if (!part_is_wide(part))
			out->narrow[i] = (__u16)number.low;
		else if (!wide++)
			out->wide[0] = number;
		else
			out->wide[1] = number;
	}
	return true;
}

/* As the kernel's trie has it: in the order of the wire. */
static __always_inline void set_prefix(struct sl_set_prefix *prefix, const struct sl_wide *addr)
{
	__u32 *word = (__u32 *)prefix->addr;

	prefix->bits = 128;
	word[0] = __builtin_bswap32((__u32)(addr->high >> 32));
	word[1] = __builtin_bswap32((__u32)addr->high);
	word[2] = __builtin_bswap32((__u32)(addr->low >> 32));
	word[3] = __builtin_bswap32((__u32)addr->low);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "set_prefix");

static __always_inline bool set_fresh(const struct sl_set_entry *entry, __u64 now)
{
	return !entry->expires || entry->expires > now;
}

/* The longest prefix that has not expired: those that have are on their way out. */
static __always_inline struct sl_set_entry *set_longest(__u32 slot, struct sl_set_lookup *lookup,
							__u64 now)
{
	struct sl_set_entry *entry;

	set_prefix(&lookup->prefix, &lookup->key.wide[0]);
	while (sl_can_loop) {
		entry = sl_trie_find(slot, &lookup->prefix);
		if (!entry || set_fresh(entry, now))
			return entry;
		if (!entry->bits)
			return NULL;
		lookup->prefix.bits = entry->bits - 1;
	}
	return NULL;
}

/* Whether the packet is in the set of entries of the operation at that offset. */
SL_VERIFIED_ONCE int sl_op_entries(const struct sl_key *key, __u32 at, __u32 bytes)
{
	const struct sl_op_set __arena *op = SL_AT(struct sl_op_set, at);
	const struct sl_set __arena *set = SL_AT(struct sl_set, op->op.arg);
	struct sl_set_lookup *lookup = sl_set_lookup();
	struct sl_set_entry *entry;
	__u64 now = sl_coarse_now();

	if (!key || !lookup || !set_key_make(key, at, &lookup->key))
		return OP_LACKS;
	if (set->kind == SL_SET_TRIE)
		entry = set_longest(set->map, lookup, now);
	else
		entry = sl_hash_find(set->map, &lookup->key);
	if (!entry || !set_fresh(entry, now))
		return OP_NO;
	if (set->counters) {
		entry->packets++;
		entry->bytes += bytes;
	}
	return OP_YES;
}

/* The same of a plain set. */
SL_VERIFIED_ONCE int sl_op_plain(const struct sl_key *key, __u32 at)
{
	const struct sl_op_set __arena *op = SL_AT(struct sl_op_set, at);
	const struct sl_set __arena *set = SL_AT(struct sl_set, op->op.arg);

	if (!key)
		return OP_LACKS;
	return set_plain(key, op->part[0], *(const volatile __u32 __arena *)&set->body);
}

static __always_inline int sl_op_set(const struct sl_key *key, __u32 at, __u32 bytes)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);

	if (SL_AT(struct sl_set, op->arg)->kind == SL_SET_PLAIN)
		return sl_op_plain(key, at);
	if (SL_AT(struct sl_set, op->arg)->kind == SL_SET_NAMES)
		return sl_op_names(at, bytes);
	return sl_op_entries(key, at, bytes);
}

/* --- bans --- */

/*
 * Enters the packet into the set of a struct sl_op_ban, or makes it stay longer; what lacks a part is
 * not entered. 1: there is no room, which is counted in sl_set.refused.
 */
SL_VERIFIED_ONCE int sl_op_ban(const struct sl_key *key, __u32 at)
{
	const struct sl_op_ban __arena *op = SL_AT(struct sl_op_ban, at);
	struct sl_set __arena *set = SL_AT(struct sl_set, op->op.arg);
	struct sl_set_lookup *lookup = sl_set_lookup();
	struct sl_set_entry *entry;
	long err;

	if (!key || !lookup || !set_key_make(key, at, &lookup->key))
		return 0;
	lookup->fresh = (struct sl_set_entry) {
		.expires = set->timeout_s ? sl_coarse_now() + set->timeout_s * 1000000000ULL : 0,
		.bits = set->kind == SL_SET_TRIE ? 128 : 0,
	};
	set_prefix(&lookup->prefix, &lookup->key.wide[0]);
	entry = set->kind == SL_SET_TRIE ? sl_trie_find(set->map, &lookup->prefix)
					 : sl_hash_find(set->map, &lookup->key);
	if (entry && entry->bits == lookup->fresh.bits) {
		/* What never ends is not made to. */
		if (entry->expires)
			entry->expires = lookup->fresh.expires;
		return 0;
	}
	err = set->kind == SL_SET_TRIE ? sl_trie_put(set->map, &lookup->prefix, &lookup->fresh)
				       : sl_hash_put(set->map, &lookup->key, &lookup->fresh);
	if (!err)
		return 0;
	__sync_fetch_and_add(&set->refused, 1);
	return 1;
}
