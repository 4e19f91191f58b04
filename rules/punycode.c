/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "punycode.h"

#include <linux/types.h>

/* RFC 3492, 5 */
#define BASE	     36U
#define TMIN	     1U
#define TMAX	     26U
#define SKEW	     38U
#define DAMP	     700U
#define INITIAL_BIAS 72U
#define INITIAL_N    0x80U

#define CODE_MAX 0x10ffffU

static __u32 digit(char c)
{
	if (c >= '0' && c <= '9')
		return (__u32)(c - '0') + 26;
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? (__u32)(c - 'a') : BASE;
}

static __u32 adapt(__u32 delta, __u32 points, bool first)
{
	__u32 k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* One number of variable length; false: it does not end, or is too large. */
static bool read_delta(const char **text, const char *end, __u32 bias, __u64 *out)
{
	__u64 sum = 0, weight = 1;
	__u32 k, threshold, value;

	for (k = BASE;; k += BASE) {
		if (*text == end)
			return false;
		value = digit(*(*text)++);
		if (value == BASE)
			return false;
		sum += value * weight;
		/* No label of 63 bytes comes to more. */
		if (sum > 64ULL * CODE_MAX)
			return false;
		threshold = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
		if (value < threshold)
			break;
		weight *= BASE - threshold;
	}
	*out = sum;
	return true;
}

bool sl_punycode_is_valid(const char *text, size_t length)
{
	const char *end = text + length, *mark = end;
	__u32 points, bias = INITIAL_BIAS;
	__u64 code = INITIAL_N, at = 0, delta;

	while (mark > text && mark[-1] != '-')
		mark--;
	points = mark > text ? (__u32)(mark - text) - 1 : 0;
	text = mark;
	if (text == end)
		return false;
	for (bool first = true; text < end; first = false) {
		if (!read_delta(&text, end, bias, &delta))
			return false;
		points++;
		bias = adapt((__u32)delta, points, first);
		at += delta;
		code += at / points;
		at = at % points + 1;
		if (code > CODE_MAX || (code >= 0xd800 && code <= 0xdfff))
			return false;
	}
	return true;
}
