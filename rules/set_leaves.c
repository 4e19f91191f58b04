/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* Sorted ranges in leaves: SL_FORM_NARROW and SL_FORM_WIDE in abi/sets.h. */

#include "set_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* A leaf's lines are as long in both forms, and hold twice as many narrow ranges. */
#define LINES_SIZE ((__u32)(SL_NODE_LINES * sizeof(struct sl_narrow_line)))
#define NARROW_MAX ((size_t)SL_NODE_LINES * SL_NARROW_LINE)
#define WIDE_MAX   ((size_t)SL_NODE_LINES * SL_WIDE_LINE)
#define COUNT_MAX  0xffffffU /* leaves */

struct leaves {
	const struct sl_heap *heap;
	bool wide;
	__u32 count;
	const char *first; /* numbers */
	const __u32 *node; /* offsets */
};

static __u32 round_up(__u64 size)
{
	return (__u32)((size + SL_SET_ALIGN - 1) & ~(__u64)(SL_SET_ALIGN - 1));
}

static __u32 number_size(bool wide)
{
	return wide ? sizeof(struct sl_wide) : sizeof(__u64);
}

static __u32 node_size(bool wide)
{
	return wide ? sizeof(struct sl_wide_node) : sizeof(struct sl_narrow_node);
}

static __u32 top_size(bool wide, __u32 count)
{
	return round_up((__u64)count * (number_size(wide) + sizeof(__u32)));
}

static size_t leaf_max(bool wide)
{
	return wide ? WIDE_MAX : NARROW_MAX;
}

static struct sl_wide split(sl_u128 number)
{
	return (struct sl_wide) { (__u64)(number >> 64), (__u64)number };
}

static sl_u128 join(const struct sl_wide *wide)
{
	return (sl_u128)wide->high << 64 | wide->low;
}

static struct leaves leaves_at(const struct sl_heap *heap, bool wide, __u64 root)
{
	struct leaves l = { .heap = heap, .wide = wide, .count = SL_SET_COUNT(root) };

	l.first = sl_heap_at(heap, (__u32)root);
	l.node = (const __u32 *)(l.first + (size_t)l.count * number_size(wide));
	return l;
}

static sl_u128 first_at(const struct leaves *l, __u32 i)
{
	if (l->wide)
		return join((const struct sl_wide *)l->first + i);
	return ((const __u64 *)l->first)[i];
}

/* The leaf that a number is or would be in. */
static __u32 find_leaf(const struct leaves *l, sl_u128 number)
{
	__u32 base = 0, n = l->count;

	while (n > 1) {
		__u32 half = n / 2;

		if (first_at(l, base + half) <= number)
			base += half;
		n -= half;
	}
	return base;
}

/* --- one leaf --- */

static __u32 lines_of(const struct leaves *l, __u32 node)
{
	const void *at = sl_heap_at(l->heap, node);

	return l->wide ? ((const struct sl_wide_node *)at)->lines
		       : ((const struct sl_narrow_node *)at)->lines;
}

static struct sl_interval range_at(bool wide, const void *lines, size_t i)
{
	const struct sl_narrow_line *narrow = lines;
	const struct sl_wide_line *line = lines;

	if (wide)
		return (struct sl_interval) {
			join(&line[i / SL_WIDE_LINE].low[i % SL_WIDE_LINE]),
			join(&line[i / SL_WIDE_LINE].high[i % SL_WIDE_LINE]),
		};
	return (struct sl_interval) {
		narrow[i / SL_NARROW_LINE].low[i % SL_NARROW_LINE],
		narrow[i / SL_NARROW_LINE].high[i % SL_NARROW_LINE],
	};
}

static int leaf_read(const struct leaves *l, __u32 leaf, struct sl_intervals *out)
{
	const void *lines = sl_heap_at(l->heap, lines_of(l, l->node[leaf]));
	struct sl_interval range, last = {};
	size_t i;

	for (i = 0; i < leaf_max(l->wide); i++) {
		range = range_at(l->wide, lines, i);
		if (i && range.low == last.low)
			break;
		if (sl_intervals_add(out, range.low, range.high))
			return -ENOMEM;
		last = range;
	}
	return 0;
}

static void write_narrow(struct sl_narrow_node *node, struct sl_narrow_line *line,
			 const struct sl_interval *v, size_t count)
{
	size_t i;

	for (i = 0; i < NARROW_MAX; i++) {
		const struct sl_interval *one = &v[i < count ? i : count - 1];

		line[i / SL_NARROW_LINE].low[i % SL_NARROW_LINE] = (__u64)one->low;
		line[i / SL_NARROW_LINE].high[i % SL_NARROW_LINE] = (__u64)one->high;
	}
	for (i = 1; i < SL_NODE_LINES; i++)
		node->first[i - 1] = line[i].low[0];
}

static void write_wide(struct sl_wide_node *node, struct sl_wide_line *line,
		       const struct sl_interval *v, size_t count)
{
	size_t i;

	for (i = 0; i < WIDE_MAX; i++) {
		const struct sl_interval *one = &v[i < count ? i : count - 1];

		line[i / SL_WIDE_LINE].low[i % SL_WIDE_LINE] = split(one->low);
		line[i / SL_WIDE_LINE].high[i % SL_WIDE_LINE] = split(one->high);
	}
	for (i = 1; i < SL_NODE_LINES; i++)
		node->first[i - 1] = line[i].low[0];
}

static int leaf_lines(struct sl_heap *heap, bool wide, __u32 node, const struct sl_interval *v,
		      size_t count)
{
	struct sl_narrow_node *narrow = sl_heap_at(heap, node);
	struct sl_wide_node *at = sl_heap_at(heap, node);
	__u32 lines = 0;

	if (heap->alloc(heap, LINES_SIZE, &lines))
		return -ENOMEM;
	if (wide) {
		at->lines = lines;
		write_wide(at, sl_heap_at(heap, lines), v, count);
	} else {
		narrow->lines = lines;
		write_narrow(narrow, sl_heap_at(heap, lines), v, count);
	}
	return 0;
}

static void leaf_free(struct sl_heap *heap, bool wide, __u32 node)
{
	const struct leaves l = { .heap = heap, .wide = wide };
	__u32 lines = lines_of(&l, node);

	if (lines)
		heap->free(heap, lines, LINES_SIZE);
	heap->free(heap, node, node_size(wide));
}

/* --- leaves that are being made --- */

struct fresh {
	struct sl_heap *heap;
	bool wide;
	__u32 *node;
	__u32 count;
};

static void fresh_undo(struct fresh *fresh)
{
	while (fresh->count)
		leaf_free(fresh->heap, fresh->wide, fresh->node[--fresh->count]);
}

static void fresh_clear(struct fresh *fresh)
{
	free(fresh->node);
}

/* Nodes first, so that they are neighbours: a search passes them all and few of the lines. */
static int fresh_make(struct fresh *fresh, const struct sl_interval *v, size_t count, __u32 leaves)
{
	__u32 i;
	int err = 0;

	fresh->node = calloc(leaves + 1, sizeof(*fresh->node));
	if (!fresh->node)
		return -ENOMEM;
	while (fresh->count < leaves && !err) {
		err = fresh->heap->alloc(fresh->heap, node_size(fresh->wide),
					 &fresh->node[fresh->count]);
		fresh->count += !err;
	}
	for (i = 0; i < leaves && !err; i++) {
		size_t from = count * i / leaves, end = count * (i + 1) / leaves;

		err = leaf_lines(fresh->heap, fresh->wide, fresh->node[i], v + from, end - from);
	}
	if (err)
		fresh_undo(fresh);
	return err;
}

/* A root: leaves of old around those from first to before end, which become fresh ones. */
static int top_make(const struct fresh *fresh, const struct leaves *old, __u32 first, __u32 end,
		    __u64 *out)
{
	__u32 before = old ? first : 0, after = old ? old->count - end : 0;
	__u32 count = before + fresh->count + after, at = 0, i, unit = number_size(fresh->wide);
	char *numbers;
	__u32 *nodes;

	if (!count) {
		*out = 0;
		return 0;
	}
	if (count > COUNT_MAX || fresh->heap->alloc(fresh->heap, top_size(fresh->wide, count), &at))
		return -ENOMEM;
	numbers = sl_heap_at(fresh->heap, at);
	nodes = (__u32 *)(numbers + (size_t)count * unit);
	if (old) {
		memcpy(numbers, old->first, (size_t)before * unit);
		memcpy(nodes, old->node, before * sizeof(*nodes));
		memcpy(numbers + (size_t)(before + fresh->count) * unit,
		       old->first + (size_t)end * unit, (size_t)after * unit);
		memcpy(nodes + before + fresh->count, old->node + end, after * sizeof(*nodes));
	}
	for (i = 0; i < fresh->count; i++) {
		const struct leaves l = { .heap = fresh->heap, .wide = fresh->wide };

		memcpy(numbers + (size_t)(before + i) * unit,
		       sl_heap_at(fresh->heap, lines_of(&l, fresh->node[i])), unit);
		nodes[before + i] = fresh->node[i];
	}
	*out = SL_SET_ROOT(fresh->wide ? SL_FORM_WIDE : SL_FORM_NARROW, count, at);
	return 0;
}

int sl_leaves_build(struct sl_heap *heap, bool wide, const struct sl_intervals *v, __u64 *root)
{
	_cleanup_(fresh_clear) struct fresh fresh = { .heap = heap, .wide = wide };
	size_t leaves = (v->count + leaf_max(wide) - 1) / leaf_max(wide);
	int err;

	if (leaves > COUNT_MAX)
		return -ENOMEM;
	err = fresh_make(&fresh, v->v, v->count, (__u32)leaves);
	if (err)
		return err;
	err = top_make(&fresh, NULL, 0, 0, root);
	if (err)
		fresh_undo(&fresh);
	return err;
}

/* --- changing --- */

/* Leaves from first to before end, and what is in them. */
struct stretch {
	__u32 first;
	__u32 end;
	struct sl_intervals v;
	size_t before; /* ranges, before the change */
};

static void stretch_clear(struct stretch *s)
{
	sl_intervals_clear(&s->v);
}

static int stretch_read(struct stretch *s, const struct leaves *l)
{
	__u32 i;

	s->v.count = 0;
	for (i = s->first; i < s->end; i++)
		if (leaf_read(l, i, &s->v))
			return -ENOMEM;
	s->before = s->v.count;
	return 0;
}

static int stretch_apply(struct stretch *s, const struct leaves *l, sl_u128 low, sl_u128 high,
			 bool add)
{
	if (stretch_read(s, l))
		return -ENOMEM;
	return add ? sl_intervals_unite(&s->v, low, high) : sl_intervals_subtract(&s->v, low, high);
}

/* A leaf with little left in it is joined with a neighbour, if both make a leaf with room. */
static int stretch_join(struct stretch *s, const struct leaves *l, sl_u128 low, sl_u128 high,
			bool add)
{
	size_t max = leaf_max(l->wide);
	struct stretch more = { .first = s->first, .end = s->end };

	if (s->v.count > max / 4 || s->end - s->first == l->count)
		return 0;
	if (s->end < l->count)
		more.end++;
	else
		more.first--;
	if (stretch_apply(&more, l, low, high, add) || more.v.count > max * 3 / 4) {
		stretch_clear(&more);
		return 0;
	}
	stretch_clear(s);
	*s = more;
	return 0;
}

static int stretch_put(struct stretch *s, struct sl_heap *heap, const struct leaves *l, __u64 *root)
{
	_cleanup_(fresh_clear) struct fresh fresh = { .heap = heap, .wide = l->wide };
	size_t max = leaf_max(l->wide);
	__u64 new = 0;
	int err;

	err = fresh_make(&fresh, s->v.v, s->v.count, (__u32)((s->v.count + max - 1) / max));
	if (err)
		return err;
	if (fresh.count == 1 && s->end - s->first == 1) {
		__u32 old = l->node[s->first];

		__atomic_store_n((__u32 *)&l->node[s->first], fresh.node[0], __ATOMIC_RELEASE);
		leaf_free(heap, l->wide, old);
		return 0;
	}
	err = top_make(&fresh, l, s->first, s->end, &new);
	if (err) {
		fresh_undo(&fresh);
		return err;
	}
	for (__u32 i = s->first; i < s->end; i++)
		leaf_free(heap, l->wide, l->node[i]);
	heap->free(heap, (__u32)*root, top_size(l->wide, l->count));
	sl_heap_store(root, new);
	return 0;
}

static int first_range(struct sl_heap *heap, bool wide, __u64 *root, sl_u128 low, sl_u128 high,
		       __u64 *ranges)
{
	struct sl_interval one = { low, high };
	struct sl_intervals v = { &one, 1, 1 };
	__u64 new;

	if (sl_leaves_build(heap, wide, &v, &new))
		return -ENOMEM;
	sl_heap_store(root, new);
	++*ranges;
	return 0;
}

int sl_leaves_change(struct sl_heap *heap, bool wide, __u64 *root, sl_u128 low, sl_u128 high,
		     bool add, __u64 *ranges)
{
	_cleanup_(stretch_clear) struct stretch s = {};
	struct leaves l;
	int err;

	if (!*root)
		return add ? first_range(heap, wide, root, low, high, ranges) : 0;
	l = leaves_at(heap, wide, *root);
	/* Neighbours that the range touches become one with it. */
	s.first = find_leaf(&l, low ? low - 1 : 0);
	s.end = find_leaf(&l, high + 1 ? high + 1 : high) + 1;
	err = stretch_apply(&s, &l, low, high, add);
	if (!err)
		err = stretch_join(&s, &l, low, high, add);
	if (!err)
		err = stretch_put(&s, heap, &l, root);
	if (!err)
		*ranges += s.v.count - s.before;
	return err;
}

/* --- reading --- */

static bool is_wide(__u64 root)
{
	return SL_SET_FORM(root) == SL_FORM_WIDE;
}

int sl_leaves_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out)
{
	struct leaves l = leaves_at(heap, is_wide(root), root);
	__u32 i;

	for (i = 0; i < l.count; i++)
		if (leaf_read(&l, i, out))
			return -ENOMEM;
	return 0;
}

void sl_leaves_blocks(const struct sl_heap *heap, __u64 root, sl_block_fn *call, void *arg)
{
	struct leaves l = leaves_at(heap, is_wide(root), root);
	__u32 i;

	for (i = 0; i < l.count; i++) {
		call(arg, lines_of(&l, l.node[i]), LINES_SIZE);
		call(arg, l.node[i], node_size(l.wide));
	}
	call(arg, (__u32)root, top_size(l.wide, l.count));
}

bool sl_leaves_find(const struct sl_heap *heap, __u64 root, sl_u128 number, struct sl_interval *out)
{
	struct leaves l = leaves_at(heap, is_wide(root), root);
	const void *lines;
	size_t i;

	if (!l.count)
		return false;
	lines = sl_heap_at(heap, lines_of(&l, l.node[find_leaf(&l, number)]));
	for (i = 0; i < leaf_max(l.wide); i++) {
		struct sl_interval range = range_at(l.wide, lines, i);

		if (number < range.low || number > range.high)
			continue;
		*out = range;
		return true;
	}
	return false;
}
