/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "name_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cleanup.h"

#define PIECE	   (256U << 10) /* bytes of names that are packed together */
#define NOTES	   4096U /* a block of changes */
#define NAME_BYTES (2 + (size_t)SL_NAME_MAX)

static __u32 up(size_t size)
{
	return (__u32)((size + SL_SET_ALIGN - 1) & ~(size_t)(SL_SET_ALIGN - 1));
}

static struct sl_names_text *text_of(const struct sl_heap *heap, __u32 at)
{
	return sl_heap_at(heap, at);
}

static int block_new(struct sl_heap *heap, size_t size, __u32 *first, __u32 *last)
{
	struct sl_names_text *text;
	__u32 at = 0;

	if (heap->alloc(heap, up(sizeof(*text) + size), &at))
		return -ENOMEM;
	text = text_of(heap, at);
	text->size = up(sizeof(*text) + size);
	/* Whoever follows the chain finds a whole block. */
	if (*last)
		__atomic_store_n(&text_of(heap, *last)->next, at, __ATOMIC_RELEASE);
	else
		*first = at;
	*last = at;
	return 0;
}

static int pack_piece(struct sl_heap *heap, const unsigned char *bytes, size_t size,
		      unsigned char *room, uLong max, __u32 *first, __u32 *last)
{
	struct sl_names_text *text;
	uLong packed = max;

	if (compress2(room, &packed, bytes, size, 1) != Z_OK ||
	    block_new(heap, packed, first, last))
		return -ENOMEM;
	text = text_of(heap, *last);
	text->used = (__u32)size;
	text->packed = (__u32)packed;
	memcpy(text->bytes, room, packed);
	return 0;
}

int sl_names_pack(struct sl_heap *heap, const struct sl_domains *names, __u32 *out)
{
	uLong max = compressBound(PIECE + NAME_BYTES);
	_cleanup_free_ unsigned char *room = malloc(max);
	__u32 first = 0, last = 0;
	size_t from = 0, at = 0;

	if (!room)
		return -ENOMEM;
	while (from < names->used) {
		while (at < names->used && at - from < PIECE)
			at += 2 + (size_t)names->bytes[at + 1];
		if (pack_piece(heap, names->bytes + from, at - from, room, max, &first, &last)) {
			sl_names_text_free(heap, first);
			return -ENOMEM;
		}
		from = at;
	}
	*out = first;
	return 0;
}

int sl_names_note(struct sl_heap *heap, const struct sl_domain *domain, __u32 *first, __u32 *last)
{
	struct sl_names_text *text = text_of(heap, *last);
	unsigned char *to;

	if (!*last || text->used + NAME_BYTES > text->size - sizeof(*text)) {
		if (block_new(heap, NOTES - sizeof(*text), first, last))
			return -ENOMEM;
		text = text_of(heap, *last);
	}
	to = text->bytes + text->used;
	to[0] = domain->forms;
	to[1] = domain->length;
	memcpy(to + 2, domain->text, domain->length);
	__atomic_store_n(&text->used, text->used + 2 + domain->length, __ATOMIC_RELEASE);
	return 0;
}

void sl_names_text_blocks(const struct sl_heap *heap, __u32 first, sl_block_fn *call, void *arg)
{
	__u32 next;

	for (; first; first = next) {
		next = text_of(heap, first)->next;
		call(arg, first, text_of(heap, first)->size);
	}
}

static void block_free(void *arg, __u32 offset, __u32 size)
{
	struct sl_heap *heap = arg;

	heap->free(heap, offset, size);
}

void sl_names_text_free(struct sl_heap *heap, __u32 first)
{
	sl_names_text_blocks(heap, first, block_free, heap);
}

static int each(unsigned char *bytes, size_t size, sl_name_fn *call, void *arg)
{
	const struct sl_domains names = { .bytes = bytes, .used = size };
	struct sl_domain domain;
	size_t at = 0;
	int err = 0;

	while (!err && sl_domains_next(&names, &at, &domain))
		err = call(arg, &domain);
	return err;
}

static int each_packed(const struct sl_names_text *text, sl_name_fn *call, void *arg)
{
	_cleanup_free_ unsigned char *bytes = malloc(text->used + NAME_BYTES);
	uLong size = text->used;

	if (!bytes)
		return -ENOMEM;
	if (uncompress(bytes, &size, text->bytes, text->packed) != Z_OK || size != text->used)
		return -EIO;
	return each(bytes, size, call, arg);
}

int sl_names_text_each(const struct sl_heap *heap, __u32 first, sl_name_fn *call, void *arg)
{
	struct sl_names_text *text;
	int err = 0;

	for (; first && !err; first = text->next) {
		text = text_of(heap, first);
		err = text->packed ? each_packed(text, call, arg)
				   : each(text->bytes, text->used, call, arg);
	}
	return err;
}
