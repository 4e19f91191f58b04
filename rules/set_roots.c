/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "set_roots.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "field.h"
#include "set_shape.h"

/* From so many ranges on cells are smaller and faster than leaves. */
#define CELLS_FROM 512U
/* Numbers up to this are a bit each. */
#define BITS_MAX   65535U

#define HOST_MAX ((sl_u128)~0ULL) /* the lower half of an IPv6 address */

/* --- one root --- */

static __u32 bits_size(sl_u128 max)
{
	__u32 size = (__u32)(max / 8 + 1);

	return (size + SL_SET_ALIGN - 1) & ~(SL_SET_ALIGN - 1);
}

static void bits_set(__u64 *bits, sl_u128 low, sl_u128 high, bool value)
{
	__u32 number;

	for (number = (__u32)low; number <= (__u32)high; number++) {
		__u64 *word = &bits[number / 64], bit = 1ULL << number % 64;

		sl_heap_store(word, value ? *word | bit : *word & ~bit);
	}
}

static int bits_new(struct sl_heap *heap, sl_u128 max, __u64 *root)
{
	__u32 at = 0;

	if (heap->alloc(heap, bits_size(max), &at))
		return -ENOMEM;
	*root = SL_SET_ROOT(SL_FORM_BITS, bits_size(max) / 8, at);
	return 0;
}

static int bits_build(struct sl_heap *heap, sl_u128 max, const struct sl_intervals *v, __u64 *root)
{
	size_t i;

	if (bits_new(heap, max, root))
		return -ENOMEM;
	for (i = 0; i < v->count; i++)
		bits_set(sl_heap_at(heap, (__u32)*root), v->v[i].low, v->v[i].high, true);
	return 0;
}

static int bits_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out)
{
	const __u64 *bits = sl_heap_at(heap, (__u32)root);
	__u32 number, end = SL_SET_COUNT(root) * 64;

	for (number = 0; number < end; number++)
		if (bits[number / 64] >> number % 64 & 1 && sl_intervals_add(out, number, number))
			return -ENOMEM;
	sl_intervals_normalise(out);
	return 0;
}

static int bits_change(struct sl_heap *heap, __u64 *root, sl_u128 max, struct sl_interval range,
		       bool add, __u64 *ranges)
{
	__u64 now = *root;

	if (!now && !add)
		return 0;
	if (!now && bits_new(heap, max, &now))
		return -ENOMEM;
	bits_set(sl_heap_at(heap, (__u32)now), range.low, range.high, add);
	sl_heap_store(root, now);
	/* Numbers this small are counted one by one. */
	*ranges = 0;
	for (__u32 i = 0; i < SL_SET_COUNT(now); i++)
		*ranges += (__u64)__builtin_popcountll(
			((const __u64 *)sl_heap_at(heap, (__u32)now))[i]);
	return 0;
}

/* max: of the numbers in SL_ROOT_NUMBER, which say the form. */
static int root_build(struct sl_heap *heap, enum sl_set_root which, sl_u128 max,
		      const struct sl_intervals *v, __u64 *root)
{
	*root = 0;
	if (!v->count)
		return 0;
	if (which == SL_ROOT_IP4 && v->count >= CELLS_FROM)
		return sl_cells_build(heap, v, root);
	if (which == SL_ROOT_NUMBER && max <= BITS_MAX)
		return bits_build(heap, max, v, root);
	return sl_leaves_build(heap, which == SL_ROOT_HOSTS, v, root);
}

static int root_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out)
{
	int err = 0;

	switch (SL_SET_FORM(root)) {
	case SL_FORM_CELLS:
		err = sl_cells_read(heap, root, out);
		break;
	case SL_FORM_BITS:
		err = bits_read(heap, root, out);
		break;
	case SL_FORM_NARROW:
	case SL_FORM_WIDE:
		err = sl_leaves_read(heap, root, out);
		break;
	default:
		break;
	}
	/* Cells cut ranges at their borders. */
	sl_intervals_normalise(out);
	return err;
}

static void root_blocks(const struct sl_heap *heap, __u64 root, sl_block_fn *call, void *arg)
{
	switch (SL_SET_FORM(root)) {
	case SL_FORM_CELLS:
		sl_cells_blocks(heap, root, call, arg);
		break;
	case SL_FORM_BITS:
		call(arg, (__u32)root, SL_SET_COUNT(root) * 8);
		break;
	case SL_FORM_NARROW:
	case SL_FORM_WIDE:
		sl_leaves_blocks(heap, root, call, arg);
		break;
	default:
		break;
	}
}

static void block_free(void *arg, __u32 offset, __u32 size)
{
	struct sl_heap *heap = arg;

	heap->free(heap, offset, size);
}

/* Leaves of IPv4 that have grown beyond what leaves are good for. */
static int cells_from_leaves(struct sl_heap *heap, __u64 *root)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals v = {};
	__u64 old = *root, new;
	int err;

	err = root_read(heap, old, &v);
	if (!err)
		err = sl_cells_build(heap, &v, &new);
	if (err)
		return err;
	sl_heap_store(root, new);
	root_blocks(heap, old, block_free, heap);
	return 0;
}

static int ip4_change(struct sl_heap *heap, __u64 *root, struct sl_interval range, bool add,
		      __u64 *ranges)
{
	int err;

	if (SL_SET_FORM(*root) == SL_FORM_CELLS)
		return sl_cells_change(heap, root, (__u32)range.low, (__u32)range.high, add,
				       ranges);
	err = sl_leaves_change(heap, false, root, range.low, range.high, add, ranges);
	if (err || *ranges < (__u64)2 * CELLS_FROM)
		return err;
	return cells_from_leaves(heap, root);
}

/* --- IPv6 in two --- */

static sl_u128 host_of(sl_u128 addr)
{
	return addr & HOST_MAX;
}

/* The parts of a range: a piece of a /64 before, whole /64s, a piece behind. */
struct cut {
	struct sl_interval piece[2];
	unsigned int pieces;
	bool whole;
	struct sl_interval nets; /* upper halves */
};

static struct cut cut_make(struct sl_interval range)
{
	sl_u128 first = range.low >> 64, last = range.high >> 64;
	struct cut cut = {};

	if (first == last && host_of(~range.high | range.low)) {
		cut.piece[cut.pieces++] = range;
		return cut;
	}
	if (host_of(range.low)) {
		cut.piece[cut.pieces++] =
			(struct sl_interval) { range.low, first << 64 | HOST_MAX };
		first++;
	}
	if (host_of(range.high) != HOST_MAX) {
		cut.piece[cut.pieces++] = (struct sl_interval) { last << 64, range.high };
		last--;
	}
	cut.whole = first <= last;
	cut.nets = (struct sl_interval) { first, last };
	return cut;
}

static int six_split(const struct sl_intervals *six, struct sl_intervals *nets,
		     struct sl_intervals *hosts)
{
	size_t i;

	for (i = 0; i < six->count; i++) {
		struct cut cut = cut_make(six->v[i]);
		unsigned int p;

		if (cut.whole && sl_intervals_add(nets, cut.nets.low, cut.nets.high))
			return -ENOMEM;
		for (p = 0; p < cut.pieces; p++)
			if (sl_intervals_add(hosts, cut.piece[p].low, cut.piece[p].high))
				return -ENOMEM;
	}
	sl_intervals_normalise(nets);
	sl_intervals_normalise(hosts);
	return 0;
}

static int six_join(const struct sl_intervals *nets, struct sl_intervals *six)
{
	size_t i;

	for (i = 0; i < nets->count; i++)
		if (sl_intervals_add(six, nets->v[i].low << 64, nets->v[i].high << 64 | HOST_MAX))
			return -ENOMEM;
	sl_intervals_normalise(six);
	return 0;
}

static int nets_change(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval nets,
		       bool add, __u64 *ranges)
{
	return sl_leaves_change(heap, false, &roots->root[SL_ROOT_NETS], nets.low, nets.high, add,
				ranges);
}

static int hosts_change(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval range,
			bool add, __u64 *ranges)
{
	return sl_leaves_change(heap, true, &roots->root[SL_ROOT_HOSTS], range.low, range.high, add,
				ranges);
}

/* Whole /64s: in the one root, and nothing of them in the other. */
static int whole_change(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval nets,
			bool add, __u64 *ranges)
{
	struct sl_interval all = { nets.low << 64, nets.high << 64 | HOST_MAX };
	int err;

	err = nets_change(heap, roots, nets, add, ranges);
	return err ? err : hosts_change(heap, roots, all, false, ranges);
}

/* The pieces of a /64 that is whole are entered before it goes as a whole. */
static int piece_cut_out(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval piece,
			 __u64 *ranges)
{
	sl_u128 net = piece.low >> 64;
	struct sl_interval below = { net << 64, piece.low - 1 };
	struct sl_interval above = { piece.high + 1, net << 64 | HOST_MAX };
	int err = 0;

	if (host_of(piece.low))
		err = hosts_change(heap, roots, below, true, ranges);
	if (!err && host_of(piece.high) != HOST_MAX)
		err = hosts_change(heap, roots, above, true, ranges);
	if (err)
		return err;
	return nets_change(heap, roots, (struct sl_interval) { net, net }, false, ranges);
}

static int piece_change(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval piece,
			bool add, __u64 *ranges)
{
	sl_u128 net = piece.low >> 64;
	struct sl_interval found, all = { net << 64, net << 64 | HOST_MAX };
	bool whole = sl_leaves_find(heap, roots->root[SL_ROOT_NETS], net, &found);
	int err;

	if (whole)
		return add ? 0 : piece_cut_out(heap, roots, piece, ranges);
	err = hosts_change(heap, roots, piece, add, ranges);
	if (err || !add)
		return err;
	if (!sl_leaves_find(heap, roots->root[SL_ROOT_HOSTS], piece.low, &found) ||
	    found.low > all.low || found.high < all.high)
		return 0;
	return whole_change(heap, roots, (struct sl_interval) { net, net }, true, ranges);
}

static int six_change(struct sl_heap *heap, struct sl_set_roots *roots, struct sl_interval range,
		      bool add, __u64 *ranges)
{
	struct cut cut = cut_make(range);
	unsigned int i;
	int err = 0;

	if (cut.whole)
		err = whole_change(heap, roots, cut.nets, add, ranges);
	for (i = 0; i < cut.pieces && !err; i++)
		err = piece_change(heap, roots, cut.piece[i], add, ranges);
	return err;
}

/* --- the whole --- */

static int build(struct sl_heap *heap, const struct sl_intervals *const v[SL_ROOT_MAX_],
		 sl_u128 max, struct sl_set_roots *out, __u64 *ranges)
{
	struct sl_set_roots roots = {};
	unsigned int which;
	__u64 count = 0;

	for (which = 0; which < SL_ROOT_MAX_; which++) {
		if (root_build(heap, (enum sl_set_root)which, max, v[which], &roots.root[which])) {
			roots.root[which] = 0;
			sl_roots_free(heap, &roots);
			return -ENOMEM;
		}
		count += v[which]->count;
	}
	*out = roots;
	*ranges = count;
	return 0;
}

int sl_roots_build(struct sl_heap *heap, const struct sl_conf_elems *elems, sl_u128 max,
		   struct sl_set_roots *out, __u64 *ranges)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals nets = {};
	_cleanup_(sl_intervals_clear) struct sl_intervals hosts = {};
	const struct sl_intervals *const v[SL_ROOT_MAX_] = {
		[SL_ROOT_IP4] = &elems->four,
		[SL_ROOT_NETS] = &nets,
		[SL_ROOT_HOSTS] = &hosts,
		[SL_ROOT_NUMBER] = &elems->numbers,
	};

	if (six_split(&elems->six, &nets, &hosts))
		return -ENOMEM;
	return build(heap, v, max, out, ranges);
}

int sl_roots_change(struct sl_heap *heap, struct sl_set_roots *roots, enum sl_set_root space,
		    sl_u128 max, struct sl_interval range, bool add, __u64 *ranges)
{
	__u64 *root = &roots->root[space];

	if (space == SL_ROOT_NETS)
		return six_change(heap, roots, range, add, ranges);
	if (space == SL_ROOT_IP4)
		return ip4_change(heap, root, range, add, ranges);
	if (max <= BITS_MAX)
		return bits_change(heap, root, max, range, add, ranges);
	return sl_leaves_change(heap, false, root, range.low, range.high, add, ranges);
}

int sl_roots_read(const struct sl_heap *heap, const struct sl_set_roots *roots,
		  struct sl_conf_elems *out)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals nets = {};
	int err;

	err = root_read(heap, roots->root[SL_ROOT_IP4], &out->four);
	if (!err)
		err = root_read(heap, roots->root[SL_ROOT_NUMBER], &out->numbers);
	if (!err)
		err = root_read(heap, roots->root[SL_ROOT_HOSTS], &out->six);
	if (!err)
		err = root_read(heap, roots->root[SL_ROOT_NETS], &nets);
	return err ? err : six_join(&nets, &out->six);
}

bool sl_roots_empty(const struct sl_set_roots *roots)
{
	unsigned int which;

	for (which = 0; which < SL_ROOT_MAX_; which++)
		if (roots->root[which])
			return false;
	return true;
}

void sl_roots_blocks(const struct sl_heap *heap, const struct sl_set_roots *roots,
		     sl_block_fn *call, void *arg)
{
	unsigned int which;

	for (which = 0; which < SL_ROOT_MAX_; which++)
		root_blocks(heap, roots->root[which], call, arg);
}

void sl_roots_free(struct sl_heap *heap, const struct sl_set_roots *roots)
{
	sl_roots_blocks(heap, roots, block_free, heap);
}

sl_u128 sl_set_number_max(enum sl_set_type type)
{
	switch (type) {
	case SL_TYPE_PORT:
		return 0xffff;
	case SL_TYPE_PROTO:
		return 0xff;
	case SL_TYPE_MAC:
		return 0xffffffffffffULL;
	default:
		return 0;
	}
}

static void digest_word(__u64 out[2], __u64 word)
{
	out[0] = (out[0] ^ word) * 0x9e3779b97f4a7c15ULL;
	out[0] ^= out[0] >> 29;
	out[1] = (out[1] + word) * 0xd6e8feb86659fd93ULL;
	out[1] ^= out[1] >> 32;
}

static void digest_intervals(__u64 out[2], const struct sl_intervals *v)
{
	size_t i;

	digest_word(out, v->count);
	for (i = 0; i < v->count; i++) {
		digest_word(out, (__u64)v->v[i].low);
		digest_word(out, (__u64)(v->v[i].low >> 64));
		digest_word(out, (__u64)v->v[i].high);
		digest_word(out, (__u64)(v->v[i].high >> 64));
	}
}

static void digest_names(__u64 out[2], const struct sl_domains *names)
{
	size_t at;

	if (!names->count)
		return;
	digest_word(out, names->used);
	for (at = 0; at < names->used; at += 8) {
		size_t left = names->used - at;
		__u64 word = 0;

		memcpy(&word, names->bytes + at, left < 8 ? left : 8);
		digest_word(out, word);
	}
}

void sl_elems_digest(const struct sl_conf_elems *elems, __u64 out[2])
{
	out[0] = 0x736c756963652d31ULL;
	out[1] = 0x736c756963652d32ULL;
	digest_intervals(out, &elems->four);
	digest_intervals(out, &elems->six);
	digest_intervals(out, &elems->numbers);
	digest_names(out, &elems->names);
}
