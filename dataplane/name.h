/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Domain names, from a message in the arena into struct sl_name, and their hashes: abi/app.h has the
 * normal form. Eight bytes at a time; up to seven behind the end of the message are read and not
 * used, so a message must not end where the arena's populated memory does.
 */

#include <stddef.h>

#include "../abi/app.h"
#include "arena.h"
#include "inline.h"

#define NAME_BYTES(byte) (0x0101010101010101ULL * (byte))

/* Eight bytes at any address; the programs are little-endian. */
static __always_inline __u64 name_word(__u32 at)
{
	return *SL_AT(__u64, at);
}

/* See sl_unknown(). */
static __always_inline __u64 name_unknown(__u64 word)
{
	return word + sl_unknown(0);
}

/* Of eight bytes, ASCII letters in lower case. */
static __always_inline __u64 name_lower(__u64 word)
{
	__u64 low = word & NAME_BYTES(0x7f);
	__u64 from_a = low + NAME_BYTES(0x80 - 'A');
	__u64 past_z = low + NAME_BYTES(0x7f - 'Z');

	return word | ((from_a ^ past_z) & ~word & NAME_BYTES(0x80)) >> 2;
}

/* The upper bit of each of eight bytes that is a dot. */
static __always_inline __u64 name_dots(__u64 word)
{
	__u64 other = word ^ NAME_BYTES('.');
	__u64 low = (other & NAME_BYTES(0x7f)) + NAME_BYTES(0x7f);

	return ~(low | other) & NAME_BYTES(0x80);
}

/* Which of eight bytes the lowest of such bits is in. */
static __always_inline __u32 name_first(__u64 bits)
{
	return (__u32)(((bits & -bits) >> 7) * 0x0001020304050607ULL >> 56);
}

/* The first count of eight bytes, count below 8. */
static __always_inline __u64 name_head(__u64 word, __u32 count)
{
	return word & ((1ULL << (count * 8 & 63)) - 1);
}

static __always_inline void name_known(__u32 to, __u32 length, __u32 labels)
{
	struct sl_name __arena *name = SL_AT(struct sl_name, to);

	name->length = (__u8)length;
	name->labels = (__u8)labels;
	name->hashed = 0;
}

static __always_inline void name_none(__u32 to)
{
	name_known(to, 0, 0);
	*SL_AT(__u64, to + (__u32)offsetof(struct sl_name, text)) = 0;
}

/* length bytes in lower case, and zeros to the next multiple of 8; true: there is a dot in them. */
static __always_inline bool name_copy(__u32 at, __u32 length, __u32 to)
{
	__u32 text = to + (__u32)offsetof(struct sl_name, text);
	__u64 dots = 0, word;
	__u32 i;

	for (i = sl_unknown(0); i + 8 <= length && sl_can_loop; i += 8) {
		word = name_lower(name_word(at + i));
		dots |= name_dots(word);
		*SL_AT(__u64, text + i) = word;
	}
	if (i < length) {
		word = name_head(name_lower(name_word(at + i)), length - i);
		dots |= name_dots(word);
		*SL_AT(__u64, text + i) = word;
	}
	return dots;
}

/* Labels between the dots of length bytes of text; their number, 0: they are not such as a name has. */
static __always_inline __u32 name_split(__u32 to, __u32 length)
{
	struct sl_name __arena *name = SL_AT(struct sl_name, to);
	__u32 text = to + (__u32)offsetof(struct sl_name, text);
	__u32 labels = sl_unknown(1), from = sl_unknown(0), i = sl_unknown(0), dot;
	__u64 dots;

	name->label[0] = 0;
	for (; i < length && sl_can_loop; i = sl_unknown(i + 8)) {
		dots = name_dots(*SL_AT(__u64, text + i));
		for (; dots && sl_can_loop; dots = name_unknown(dots & (dots - 1))) {
			dot = i + name_first(dots);
			if (dot - from - 1 >= SL_LABEL_MAX)
				return 0;
			from = dot + 1;
			name->label[labels & 127] = (__u8)from;
			labels = sl_unknown(labels + 1);
		}
	}
	return length - from - 1 >= SL_LABEL_MAX ? 0 : labels;
}

/*
 * A name of length bytes as text, which may end in a dot, put into normal form into the struct
 * sl_name at to. False: it has none, see struct sl_name.
 */
SL_VERIFIED_ONCE bool sl_name_from_text(__u32 at, __u32 length, __u32 to)
{
	__u32 labels;

	if (length && *SL_AT(__u8, at + length - 1) == '.')
		length--;
	if (!length || length > SL_NAME_MAX) {
		name_none(to);
		return false;
	}
	name_copy(at, length, to);
	labels = name_split(to, length);
	if (!labels) {
		name_none(to);
		return false;
	}
	name_known(to, length, labels);
	return true;
}

/* Where the labels of a name on the wire begin; their number, 0: there are none, or it is no name. */
static __always_inline __u32 wire_split(__u32 at, __u32 end, __u32 to, __u32 *past)
{
	struct sl_name __arena *name = SL_AT(struct sl_name, to);
	__u32 labels = sl_unknown(0), pos = at, size;

	*past = 0;
	while (pos < end && sl_can_loop) {
		size = *SL_AT(__u8, pos);
		if (!size) {
			*past = pos + 1;
			return labels;
		}
		if (size > SL_LABEL_MAX || pos - at + size > SL_NAME_MAX)
			return 0;
		name->label[labels++ & 127] = (__u8)(pos - at);
		pos += size + 1;
	}
	return 0;
}

/* The lengths of labels become dots. False: there are dots in labels, too. */
static __always_inline bool wire_dots(__u32 to, __u32 labels, __u32 length, bool any)
{
	struct sl_name __arena *name = SL_AT(struct sl_name, to);
	__u32 text = to + (__u32)offsetof(struct sl_name, text), i, dots = sl_unknown(1);

	for (i = sl_unknown(1); i < labels && sl_can_loop; i++)
		*SL_AT(__u8, text + name->label[i & 127] - 1) = '.';
	/* A length of 46 looks like one; seldom enough to look again. */
	if (!any)
		return true;
	for (i = sl_unknown(0); i < length && sl_can_loop; i++)
		dots += *SL_AT(__u8, text + i) == '.';
	return dots == labels;
}

/*
 * A name as DNS has it, labels with a length before each, put into normal form into the struct
 * sl_name at to; end is that of the message. Where it ends, 0: it does not, or it is no name. There
 * are no compression pointers: in the first question there is nothing that one could refer to. A
 * name without normal form (the root, a dot within a label) ends as any other.
 */
static __always_inline __u32 sl_name_from_wire(__u32 at, __u32 end, __u32 to)
{
	__u32 past, labels = wire_split(at, end, to, &past), length;
	bool any;

	/* Or addresses made from it above are kept on the stack, of which there is not enough. */
	sl_recheck(to);
	length = past - at - 2;
	any = labels && name_copy(at + 1, length, to);
	if (!labels || !wire_dots(to, labels, length, any))
		name_none(to);
	else
		name_known(to, length, labels);
	return past;
}

/* --- hashes --- */

struct name_sum {
	__u64 half[2];
};

static __always_inline void name_add(struct name_sum *sum, __u64 word, __u32 number)
{
	__u32 at = SL_ARENA_NAME_KEY + (number & (SL_NAME_WORDS - 1)) * 32;
	const __u64 __arena *key = SL_AT(__u64, at);
	__u64 low = (__u32)word, high = word >> 32;

	sum->half[0] += (key[0] + low) * (key[1] + high);
	sum->half[1] += (key[2] + low) * (key[3] + high);
}

static __always_inline __u64 name_end(const struct name_sum *sum, __u32 length)
{
	const struct sl_name_key __arena *key = SL_AT(struct sl_name_key, SL_ARENA_NAME_KEY);

	return (sum->half[0] + length * key->length[0]) >> 32 << 32 |
	       (sum->half[1] + length * key->length[1]) >> 32;
}

/* Fills name->hash, from the last label, which is a sum more for each eight bytes, to the first. */
static __always_inline void name_hash(__u32 at)
{
	struct sl_name __arena *name = SL_AT(struct sl_name, at);
	__u32 text = at + (__u32)offsetof(struct sl_name, text);
	__u32 length = name->length, end = text + length, i, words = sl_unknown(0);
	struct name_sum whole = {}, sum;

	for (i = name->labels; i && sl_can_loop; i--) {
		__u32 from = name->label[(i - 1) & 127], size = length - from;

		for (; words < size / 8 && sl_can_loop; words++)
			name_add(&whole, name_word(end - words * 8 - 8), words);
		sum = whole;
		if (size % 8)
			name_add(&sum, name_head(name_word(text + from), size % 8), words);
		name->hash[(i - 1) & 127] = name_end(&sum, size);
	}
	name->hashed = 1;
}

/* The same where a copy of the code is not worth a call. */
SL_VERIFIED_ONCE int sl_name_hash(__u32 at)
{
	name_hash(at);
	return 0;
}
