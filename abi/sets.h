/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "op.h"

/*
 * Sets as packets meet them. A plain set says yes or no about one number and is a few roots in the
 * arena; one of several parts, with a timeout or with counters keeps entries in a map.
 *
 * A root is one word, so that one store switches every packet from what was to what is. What hangs
 * on it is never changed where a packet could see half of it: a block is copied, changed, and put
 * in place by one store of the word that refers to it. User space frees the old one when no program
 * can be reading it any more.
 */

/* What a part of a set's elements is. A prefix may be an address, or a range of them. */
#define SL_SET_TYPES(X)     \
	X(ADDR, "addr")     \
	X(PREFIX, "prefix") \
	X(PORT, "port")     \
	X(MAC, "mac")       \
	X(PROTO, "proto")   \
	X(DOMAIN, "domain")

enum sl_set_type {
#define X(name, word) SL_TYPE_##name,
	SL_SET_TYPES(X)
#undef X
	SL_TYPE_MAX_
};

enum sl_set_kind {
	SL_SET_PLAIN,
	SL_SET_HASH, /* entries, found by their whole key */
	SL_SET_TRIE, /* entries of type prefix */
	SL_SET_NAMES, /* of type domain */
	SL_SET_KIND_MAX_
};

/* --- plain sets --- */

/* IPv6 in two: whole /64s by the upper half of the address, and what is left. */
enum sl_set_root {
	SL_ROOT_IP4,
	SL_ROOT_NETS,
	SL_ROOT_HOSTS,
	SL_ROOT_NUMBER,
	SL_ROOT_MAX_
};

enum sl_set_form {
	SL_FORM_EMPTY,
	SL_FORM_CELLS, /* IPv4, from some thousand ranges on */
	SL_FORM_NARROW, /* numbers of 64 bits */
	SL_FORM_WIDE, /* of 128 bits */
	SL_FORM_BITS, /* small numbers, a bit each */
};

/* A root: offset of the first block, form, and how much of it there is. All zero: empty. */
#define SL_SET_ROOT(form, count, offset) \
	((__u64)(count) << 40 | (__u64)(form) << 32 | (__u64)(offset))
#define SL_SET_FORM(root)  ((unsigned int)((root) >> 32) & 0xff)
#define SL_SET_COUNT(root) ((__u32)((root) >> 40))

/* All blocks of sets begin at a multiple of this and are a multiple long. */
#define SL_SET_ALIGN 64U

/*
 * SL_FORM_CELLS: __u64[SL_CELLS], a word for each /16. What is in it is one range, or ranges in
 * lines, or when there are many, a bit for each address:
 *
 *   EMPTY  0
 *   SPAN   low << 16 | high << 32
 *   LINES  one to three lines; first addresses of the second and third << 4, << 21
 *   TABLE  struct sl_cell_table and that many (<< 4) lines
 *   BITS   65536 bits
 *
 * The low 4 bits say which. The offset of LINES, TABLE and BITS is in the upper 26 bits.
 */
#define SL_CELLS 65536U

enum sl_cell_form {
	SL_CELL_EMPTY,
	SL_CELL_SPAN,
	SL_CELL_LINES,
	SL_CELL_TABLE,
	SL_CELL_BITS,
};

#define SL_CELL_FORM(cell)   ((unsigned int)(cell) & 15)
#define SL_CELL_OFFSET(cell) ((__u32)((cell) >> 32) & ~(SL_SET_ALIGN - 1))
#define SL_CELL_SECOND	     4
#define SL_CELL_THIRD	     21
#define SL_CELL_NEVER	     0x10000U /* of a line that is not there: above all addresses */
#define SL_CELL_BITS_SIZE    (SL_CELLS / 8)

#define SL_LINE_RANGES 16U

/* Ascending; places left over repeat the last range. */
struct sl_cell_line {
	__u16 low[SL_LINE_RANGES];
	__u16 high[SL_LINE_RANGES];
};
_Static_assert(sizeof(struct sl_cell_line) == SL_SET_ALIGN, "a cache line");

#define SL_TABLE_LINES 32U

struct sl_cell_table {
	__u16 first[SL_TABLE_LINES]; /* of each line */
};
_Static_assert(sizeof(struct sl_cell_table) == SL_SET_ALIGN, "a cache line");

/*
 * SL_FORM_NARROW and WIDE: ranges in ascending order, in leaves. The root refers to the first
 * number of each leaf (the first one's is not looked at) and behind them the offset of each leaf's
 * struct sl_narrow_node or sl_wide_node. A node has the first numbers of all its lines but one, so
 * a search costs a line of the node and one of the leaf. Places left over repeat the last range.
 */
#define SL_NODE_LINES  8U
#define SL_NARROW_LINE 4U /* ranges */
#define SL_WIDE_LINE   2U

struct sl_narrow_node {
	__u64 first[SL_NODE_LINES - 1];
	__u32 lines; /* offset of struct sl_narrow_line[SL_NODE_LINES] */
	__u32 pad;
};

struct sl_narrow_line {
	__u64 low[SL_NARROW_LINE];
	__u64 high[SL_NARROW_LINE];
};

struct sl_wide_node {
	struct sl_wide first[SL_NODE_LINES - 1];
	__u32 lines; /* offset of struct sl_wide_line[SL_NODE_LINES] */
	__u32 pad[3];
};

struct sl_wide_line {
	struct sl_wide low[SL_WIDE_LINE];
	struct sl_wide high[SL_WIDE_LINE];
};
_Static_assert(sizeof(struct sl_narrow_node) == 64, "a cache line");
_Static_assert(sizeof(struct sl_narrow_line) == 64, "a cache line");
_Static_assert(sizeof(struct sl_wide_node) == 128, "two cache lines");
_Static_assert(sizeof(struct sl_wide_line) == 64, "a cache line");

/* SL_FORM_BITS: SL_SET_COUNT words of 64 bits. */

struct sl_set_roots {
	__u64 root[SL_ROOT_MAX_];
};

/* A change at run time that has begun and not ended: made again when it was cut off. */
struct sl_set_change {
	struct sl_wide low;
	struct sl_wide high;
	__u32 space; /* enum sl_set_root: IP4, NETS for all of IPv6, NUMBER */
	__u32 what; /* enum sl_set_what; 0: none */
};

enum sl_set_what {
	SL_SET_NOTHING,
	SL_SET_ADD,
	SL_SET_DELETE,
};

/* A plain set, in the arena's heap; stays there over reloads that do not change it. */
struct sl_set_body {
	struct sl_set_roots now; /* what packets meet: (configured united with added) - deleted */
	struct sl_set_roots added; /* at run time; user space only, like all that follows */
	struct sl_set_roots deleted;
	__u64 digest[2]; /* of what the configuration has */
	struct sl_set_change change;
	__u64 ranges; /* in now */
	__u64 pad[1];
};
_Static_assert(sizeof(struct sl_set_body) == 168, "layout");

/* --- sets of entries --- */

/*
 * Wide parts (addresses as IPv6, IPv4 mapped; MAC addresses) fill wide[] in their order, narrow
 * ones (ports, protocols) are at their place. All in host order.
 */
#define SL_KEY_WIDE 2U

struct sl_set_key {
	struct sl_wide wide[SL_KEY_WIDE];
	__u16 narrow[SL_SET_PARTS];
};
_Static_assert(sizeof(struct sl_set_key) == 40, "layout");

#define SL_KEY_MAPPED 0xffff00000000ULL /* lower half of an IPv4 address as IPv6 */

/* SL_SET_TRIE, as the kernel's LPM trie wants it: bits of addr, IPv4 from 96 on. */
struct sl_set_prefix {
	__u32 bits;
	__u8 addr[16];
};
_Static_assert(sizeof(struct sl_set_prefix) == 20, "layout");

#define SL_ENTRY_CONFIGURED 1U /* the configuration has it: goes when that does */

struct sl_set_entry {
	__u64 expires; /* ns of CLOCK_MONOTONIC, 0: never. Past ones do not match */
	__u64 packets; /* of sets with counters; about, where several CPUs count at once */
	__u64 bytes;
	__u32 flags; /* SL_ENTRY_ bits */
	__u32 bits; /* SL_SET_TRIE: of its key */
};
_Static_assert(sizeof(struct sl_set_entry) == 32, "layout");

/* What a program asks the maps with: on the stack there is no room for it. */
struct sl_set_lookup {
	struct sl_set_key key;
	struct sl_set_prefix prefix;
	__u32 pad;
	struct sl_set_entry fresh;
	__u64 mac[2]; /* source, destination; set for rule sets with SL_NEEDS_MACS only */
};
_Static_assert(sizeof(struct sl_set_lookup) == 112, "layout");

/* Slots of the two maps of maps. */
#define SL_SET_MAPS 256U

#define SL_MAP_SETS  "sluice_sets"
#define SL_MAP_TRIES "sluice_tries"

/* --- sets of names --- */

/*
 * A hash table of buckets that are a cache line each, in the arena's heap. An entry is the hash of a
 * name (abi/app.h) with what is meant in the lower two bits: SL_NAME_SELF, SL_NAME_BELOW or both. It
 * lies in its bucket or, if that is full, in the first one behind that is not. One store puts an
 * entry in or takes it out. A bitmap answers first for what is not there.
 */
#define SL_NAMES_BUCKET 8U /* entries */
#define SL_NAMES_FREE	0ULL
#define SL_NAMES_GONE	4ULL /* was taken out of a full bucket: the search goes on behind it */

struct sl_names_table {
	__u32 buckets; /* offset of __u64[SL_NAMES_BUCKET * nbuckets] */
	__u32 nbuckets;
	__u32 bits; /* offset of a bitmap */
	__u32 nbits; /* a multiple of 512 */
	__u32 counters; /* offset of struct sl_counter, one for each place of an entry; 0: none */
	__u32 used; /* places that are not free; user space only, like what follows */
	__u32 names; /* entries */
	__u32 pad[9];
};
_Static_assert(sizeof(struct sl_names_table) == SL_SET_ALIGN, "a cache line");

static inline __u32 sl_names_bucket(__u64 hash, __u32 nbuckets)
{
	return (__u32)((hash >> 32) * nbuckets >> 32);
}

static inline __u32 sl_names_bit(__u64 hash, __u32 nbits)
{
	return (__u32)((hash & 0xfffffffc) * nbits >> 32);
}

/* Names as text, a chain of blocks; for user space. */
struct sl_names_text {
	__u32 next; /* offset of the next block; 0: this is the last */
	__u32 size; /* of this block */
	__u32 used; /* bytes of names: what was packed into them, where packed is not 0 */
	__u32 packed; /* bytes that they take as zlib has them; 0: they lie here as they are */
	unsigned char bytes[];
};

/* A set of names; stays there over reloads that do not change it. */
struct sl_names_body {
	__u32 table; /* offset of struct sl_names_table: one store switches it */
	__u32 text; /* offset of struct sl_names_text: what the configuration has */
	__u32 changes; /* the same for what was changed at run time, in order */
	__u32 last; /* the block of it that is filled */
	__u64 digest[2]; /* of what the configuration has */
	__u32 pad[8];
};
_Static_assert(sizeof(struct sl_names_body) == SL_SET_ALIGN, "a cache line");

/* --- what a rule set knows of its sets --- */

struct sl_set {
	__u32 name; /* offset of a NUL-terminated string; 0: has none */
	__u32 body; /* SL_SET_PLAIN: offset of struct sl_set_body; NAMES: of struct sl_names_body */
	__u32 map; /* HASH, TRIE: slot in the map of maps */
	__u32 size; /* most elements at run time, 0: no limit */
	__u32 timeout_s; /* of elements added at run time; 0: they stay */
	__u8 kind; /* enum sl_set_kind */
	__u8 nparts;
	__u8 counters; /* 1: entries count */
	__u8 pad;
	__u8 type[SL_SET_PARTS]; /* enum sl_set_type */
	__u32 pad2;
	__u64 refused; /* bans that found the set full; written by programs */
	__u64 refused_said; /* as many of them are in the daemon's log */
	__u64 pad3[2];
};
_Static_assert(sizeof(struct sl_set) == 64, "layout");
