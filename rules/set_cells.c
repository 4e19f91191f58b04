/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* IPv4 addresses in cells of a /16 each: SL_FORM_CELLS in abi/sets.h. */

#include "set_shape.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

#define ROOT_SIZE  ((__u32)(SL_CELLS * sizeof(__u64)))
#define LINE	   ((__u32)sizeof(struct sl_cell_line))
#define LINES_MAX  3U /* without a table */
#define RANGES_MAX ((size_t)SL_TABLE_LINES * SL_LINE_RANGES)

static __u32 cell_lines(__u64 cell)
{
	if (SL_CELL_FORM(cell) == SL_CELL_TABLE)
		return (__u32)(cell >> 4) & 63;
	return 1 + ((cell >> SL_CELL_SECOND & 0x1ffff) < SL_CELL_NEVER) +
	       ((cell >> SL_CELL_THIRD & 0x1ffff) < SL_CELL_NEVER);
}

/* Bytes of what the cell refers to. */
static __u32 cell_size(__u64 cell)
{
	switch (SL_CELL_FORM(cell)) {
	case SL_CELL_LINES:
		return cell_lines(cell) * LINE;
	case SL_CELL_TABLE:
		return (1 + cell_lines(cell)) * LINE;
	case SL_CELL_BITS:
		return SL_CELL_BITS_SIZE;
	default:
		return 0;
	}
}

/* --- reading --- */

static int read_lines(const struct sl_cell_line *line, __u32 lines, __u32 base,
		      struct sl_intervals *out)
{
	__u32 i, end = lines * SL_LINE_RANGES, last = ~0U;

	for (i = 0; i < end; i++) {
		__u32 low = line[i / SL_LINE_RANGES].low[i % SL_LINE_RANGES];
		__u32 high = line[i / SL_LINE_RANGES].high[i % SL_LINE_RANGES];

		if (low == last)
			continue;
		if (sl_intervals_add(out, base | low, base | high))
			return -ENOMEM;
		last = low;
	}
	return 0;
}

/* The next bit from number on that is value, SL_CELLS when there is none. */
static __u32 next_bit(const __u64 *bits, __u32 number, bool value)
{
	__u64 word;

	while (number < SL_CELLS) {
		word = value ? bits[number / 64] : ~bits[number / 64];
		word >>= number % 64;
		if (word)
			return number + (__u32)__builtin_ctzll(word);
		number = (number / 64 + 1) * 64;
	}
	return SL_CELLS;
}

static int read_bits(const __u64 *bits, __u32 base, struct sl_intervals *out)
{
	__u32 low = next_bit(bits, 0, true), end;

	while (low < SL_CELLS) {
		end = next_bit(bits, low, false);
		if (sl_intervals_add(out, base | low, base | (end - 1)))
			return -ENOMEM;
		low = next_bit(bits, end, true);
	}
	return 0;
}

static int cell_read(const struct sl_heap *heap, __u64 cell, __u32 base, struct sl_intervals *out)
{
	const void *at = sl_heap_at(heap, SL_CELL_OFFSET(cell));

	switch (SL_CELL_FORM(cell)) {
	case SL_CELL_SPAN:
		return sl_intervals_add(out, base | (__u32)(cell >> 16 & 0xffff),
					base | (__u32)(cell >> 32 & 0xffff));
	case SL_CELL_LINES:
		return read_lines(at, cell_lines(cell), base, out);
	case SL_CELL_TABLE:
		return read_lines((const struct sl_cell_line *)at + 1, cell_lines(cell), base, out);
	case SL_CELL_BITS:
		return read_bits(at, base, out);
	default:
		return 0;
	}
}

/* --- writing --- */

static void write_lines(struct sl_cell_line *line, __u32 lines, const struct sl_interval *v,
			size_t count)
{
	__u32 i, end = lines * SL_LINE_RANGES;

	for (i = 0; i < end; i++) {
		const struct sl_interval *one = &v[i < count ? i : count - 1];

		line[i / SL_LINE_RANGES].low[i % SL_LINE_RANGES] = (__u16)one->low;
		line[i / SL_LINE_RANGES].high[i % SL_LINE_RANGES] = (__u16)one->high;
	}
}

static void write_bits(__u64 *bits, const struct sl_interval *v, size_t count)
{
	__u32 number;
	size_t i;

	for (i = 0; i < count; i++)
		for (number = (__u16)v[i].low; number <= (__u16)v[i].high; number++)
			bits[number / 64] |= 1ULL << number % 64;
}

static __u64 write_table(struct sl_cell_line *at, __u32 lines, const struct sl_interval *v,
			 size_t count)
{
	struct sl_cell_table *table = (struct sl_cell_table *)at;
	__u32 i;

	write_lines(at + 1, lines, v, count);
	for (i = 0; i < lines; i++)
		table->first[i] = at[1 + i].low[0];
	return SL_CELL_TABLE | (__u64)lines << 4;
}

static __u64 write_few(struct sl_cell_line *at, __u32 lines, const struct sl_interval *v,
		       size_t count)
{
	__u64 second = lines > 1 ? (__u16)v[SL_LINE_RANGES].low : SL_CELL_NEVER;
	__u64 third = lines > 2 ? (__u16)v[(size_t)2 * SL_LINE_RANGES].low : SL_CELL_NEVER;

	write_lines(at, lines, v, count);
	return SL_CELL_LINES | second << SL_CELL_SECOND | third << SL_CELL_THIRD;
}

/* The word for ranges of one /16, in normal form. */
static int cell_write(struct sl_heap *heap, const struct sl_interval *v, size_t count, __u64 *out)
{
	__u32 lines = (__u32)(count + SL_LINE_RANGES - 1) / SL_LINE_RANGES;
	__u64 cell = count > RANGES_MAX ? SL_CELL_BITS : SL_CELL_TABLE | (__u64)lines << 4;
	__u32 at = 0;

	if (count <= 1) {
		*out = count ? SL_CELL_SPAN | (__u64)(__u16)v->low << 16 |
				       (__u64)(__u16)v->high << 32
			     : SL_CELL_EMPTY;
		return 0;
	}
	if (heap->alloc(heap, lines <= LINES_MAX ? lines * LINE : cell_size(cell), &at))
		return -ENOMEM;
	if (lines <= LINES_MAX)
		cell = write_few(sl_heap_at(heap, at), lines, v, count);
	else if (count <= RANGES_MAX)
		cell = write_table(sl_heap_at(heap, at), lines, v, count);
	else
		write_bits(sl_heap_at(heap, at), v, count);
	*out = cell | (__u64)at << 32;
	return 0;
}

static void cell_free(struct sl_heap *heap, __u64 cell)
{
	if (cell_size(cell))
		heap->free(heap, SL_CELL_OFFSET(cell), cell_size(cell));
}

static void cells_free(void *arg, __u32 offset, __u32 size)
{
	struct sl_heap *heap = arg;

	heap->free(heap, offset, size);
}

/* --- the whole --- */

/* Cuts ranges at the borders of cells; ranges of one cell are written together. */
static int cells_fill(struct sl_heap *heap, __u64 *cells, const struct sl_intervals *v)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals one = {};
	__u32 cell = 0, low, high;
	size_t i;

	for (i = 0; i < v->count; i++) {
		__u32 last = (__u32)v->v[i].high >> 16;

		for (low = (__u32)v->v[i].low; low >> 16 <= last; low = high + 1) {
			if (low >> 16 != cell) {
				if (one.count && cell_write(heap, one.v, one.count, &cells[cell]))
					return -ENOMEM;
				one.count = 0;
				cell = low >> 16;
			}
			high = cell == last ? (__u32)v->v[i].high : low | 0xffff;
			if (sl_intervals_add(&one, low, high))
				return -ENOMEM;
			if (cell == last)
				break;
		}
	}
	return cell_write(heap, one.v, one.count, &cells[cell]);
}

int sl_cells_build(struct sl_heap *heap, const struct sl_intervals *v, __u64 *root)
{
	__u32 at = 0;

	if (heap->alloc(heap, ROOT_SIZE, &at))
		return -ENOMEM;
	if (cells_fill(heap, sl_heap_at(heap, at), v)) {
		sl_cells_blocks(heap, SL_SET_ROOT(SL_FORM_CELLS, 0, at), cells_free, heap);
		return -ENOMEM;
	}
	*root = SL_SET_ROOT(SL_FORM_CELLS, 0, at);
	return 0;
}

/* What the cell becomes; *out may be the same word. */
static int cell_change(struct sl_heap *heap, __u64 cell, __u32 low, __u32 high, bool add,
		       __u64 *out, __u64 *ranges)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals v = {};
	__u32 base = low & 0xffff0000;
	size_t before;

	if (cell_read(heap, cell, base, &v))
		return -ENOMEM;
	before = v.count;
	if (add ? sl_intervals_unite(&v, low, high) : sl_intervals_subtract(&v, low, high))
		return -ENOMEM;
	if (cell_write(heap, v.v, v.count, out))
		return -ENOMEM;
	*ranges += v.count - before;
	return 0;
}

static int change_one(struct sl_heap *heap, __u64 *cell, __u32 low, __u32 high, bool add,
		      __u64 *ranges)
{
	__u64 old = *cell, new;

	if (cell_change(heap, old, low, high, add, &new, ranges))
		return -ENOMEM;
	sl_heap_store(cell, new);
	cell_free(heap, old);
	return 0;
}

/* Several cells: all of them at once, by a root of their own. */
static int change_many(struct sl_heap *heap, __u64 *root, __u32 low, __u32 high, bool add,
		       __u64 *ranges)
{
	const __u64 *old = sl_heap_at(heap, (__u32)*root);
	__u32 at = 0, cell, first = low >> 16, last = high >> 16, from = (__u32)*root;
	__u64 *new, count = *ranges;
	int err = 0;

	if (heap->alloc(heap, ROOT_SIZE, &at))
		return -ENOMEM;
	new = sl_heap_at(heap, at);
	memcpy(new, old, ROOT_SIZE);
	for (cell = first; cell <= last && !err; cell++)
		err = cell_change(heap, old[cell], cell == first ? low : cell << 16,
				  cell == last ? high : cell << 16 | 0xffff, add, &new[cell],
				  &count);
	if (err) {
		while (cell-- > first)
			if (new[cell] != old[cell])
				cell_free(heap, new[cell]);
		heap->free(heap, at, ROOT_SIZE);
		return err;
	}
	sl_heap_store(root, SL_SET_ROOT(SL_FORM_CELLS, 0, at));
	for (cell = first; cell <= last; cell++)
		cell_free(heap, old[cell]);
	heap->free(heap, from, ROOT_SIZE);
	*ranges = count;
	return 0;
}

int sl_cells_change(struct sl_heap *heap, __u64 *root, __u32 low, __u32 high, bool add,
		    __u64 *ranges)
{
	__u64 *cells = sl_heap_at(heap, (__u32)*root);

	if (low >> 16 == high >> 16)
		return change_one(heap, &cells[low >> 16], low, high, add, ranges);
	return change_many(heap, root, low, high, add, ranges);
}

int sl_cells_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out)
{
	const __u64 *cells = sl_heap_at(heap, (__u32)root);
	__u32 cell;

	for (cell = 0; cell < SL_CELLS; cell++)
		if (cell_read(heap, cells[cell], cell << 16, out))
			return -ENOMEM;
	return 0;
}

void sl_cells_blocks(const struct sl_heap *heap, __u64 root, sl_block_fn *call, void *arg)
{
	const __u64 *cells = sl_heap_at(heap, (__u32)root);
	__u32 cell;

	for (cell = 0; cell < SL_CELLS; cell++)
		if (cell_size(cells[cell]))
			call(arg, SL_CELL_OFFSET(cells[cell]), cell_size(cells[cell]));
	call(arg, (__u32)root, ROOT_SIZE);
}
