/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "utf8.h"

#include <stdbool.h>

static bool is_tail(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
size_t sl_utf8_length(const char *text, size_t left)
{
	const unsigned char *b = (const unsigned char *)text;
	size_t length, i;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	length = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	for (i = 1; i < length; i++) {
		if (!is_tail(b[i]))
			return 0;
	}
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return length;
}
