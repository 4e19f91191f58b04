/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <stdint.h>

/* "10m" at digits: the number goes ahead, the letter is handed back; '\0' without one. */
static char read_quantity(const char **text, __u64 *number)
{
	*number = 0;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (*number < UINT32_MAX)
			*number = *number * 10 + (__u64)(**text - '0');
	}
	return **text ? *(*text)++ : '\0';
}

bool sl_quantity_size(const char *text, __u64 *out)
{
	__u64 number;
	char letter = read_quantity(&text, &number);

	switch (letter | 0x20) {
	case 'k':
		number <<= 10;
		break;
	case 'm':
		number <<= 20;
		break;
	default:
		if (letter)
			return false;
	}
	*out = number;
	return !*text;
}

bool sl_quantity_time(const char *text, __u64 *out)
{
	__u64 number, seconds = 0;

	while (*text) {
		char letter = read_quantity(&text, &number);
		__u64 unit = letter == 's'   ? 1
			     : letter == 'm' ? 60
			     : letter == 'h' ? 3600
			     : letter == 'd' ? 86400
					     : 0;

		if (!unit || (*text && (*text < '0' || *text > '9')))
			return false;
		seconds += number * unit;
	}
	*out = seconds;
	return true;
}
