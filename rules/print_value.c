/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "addr.h"
#include "cover.h"
#include "print.h"

void sl_word_print(struct sl_buf *buf, const struct sl_vocabulary *words, bool hex,
		   const struct sl_interval *v)
{
	unsigned int low = (unsigned int)v->low, high = (unsigned int)v->high;
	const char *name = low == high ? sl_word_name(words, low) : NULL;

	if (name)
		sl_buf_add(buf, "%s", name);
	else if (low == high)
		sl_buf_add(buf, hex ? "0x%04x" : "%u", low);
	else
		sl_buf_add(buf, hex ? "0x%04x-0x%04x" : "%u-%u", low, high);
}

void sl_addr_print(struct sl_buf *buf, enum sl_l3 l3, const struct sl_interval *v)
{
	unsigned int width = l3 == SL_L3_IP4 ? 32 : 128, length = width;
	char text[SL_ADDR_TEXT];

	sl_addr_text(l3, v->low, text);
	sl_buf_add(buf, "%s", text);
	if (v->low == v->high)
		return;
	while (length && sl_ones(width - length) < v->high - v->low)
		length--;
	if (sl_ones(width - length) == v->high - v->low && !(v->low & sl_ones(width - length))) {
		sl_buf_add(buf, "/%u", length);
		return;
	}
	sl_addr_text(l3, v->high, text);
	sl_buf_add(buf, "-%s", text);
}

void sl_addrs_print(struct sl_buf *buf, const struct sl_intervals *set4,
		    const struct sl_intervals *set6)
{
	size_t count = set4->count + set6->count, i;

	sl_buf_add(buf, count > 1 ? "{ " : "");
	for (i = 0; i < set4->count; i++) {
		sl_buf_add(buf, i ? ", " : "");
		sl_addr_print(buf, SL_L3_IP4, &set4->v[i]);
	}
	for (i = 0; i < set6->count; i++) {
		sl_buf_add(buf, i + set4->count ? ", " : "");
		sl_addr_print(buf, SL_L3_IP6, &set6->v[i]);
	}
	sl_buf_add(buf, count > 1 ? " }" : "");
}

void sl_mac_print(struct sl_buf *buf, sl_u128 number)
{
	int shift;

	for (shift = 40; shift >= 0; shift -= 8)
		sl_buf_add(buf, shift ? "%02x:" : "%02x", (unsigned int)(number >> shift) & 0xff);
}

void sl_hex_print(struct sl_buf *buf, unsigned int bytes, sl_u128 number)
{
	sl_buf_add(buf, "0x");
	while (bytes--)
		sl_buf_add(buf, "%02x", (unsigned int)(number >> (8 * bytes)) & 0xff);
}
