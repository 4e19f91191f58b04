/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* Entries as the kernel's maps know them. */

#include "set_content.h"

#include <string.h>

#include "cover.h"
#include "field.h"

static bool is_wide(enum sl_set_type type)
{
	return type == SL_TYPE_ADDR || type == SL_TYPE_PREFIX || type == SL_TYPE_MAC;
}

static bool is_addr(enum sl_set_type type)
{
	return type == SL_TYPE_ADDR || type == SL_TYPE_PREFIX;
}

static sl_u128 mapped(sl_u128 addr, __u8 l3)
{
	return l3 == SL_L3_BIT(SL_L3_IP4) ? addr | SL_KEY_MAPPED : addr;
}

static bool is_mapped(sl_u128 addr)
{
	return addr >> 32 == SL_KEY_MAPPED >> 32;
}

void sl_elem_key(const struct sl_set_spec *spec, const struct sl_conf_elem *elem,
		 struct sl_set_key *key)
{
	unsigned int i, wide = 0;

	*key = (struct sl_set_key) {};
	for (i = 0; i < spec->nparts; i++) {
		sl_u128 number = elem->part[i].low;

		if (!is_wide(spec->type[i])) {
			key->narrow[i] = (__u16)number;
			continue;
		}
		if (is_addr(spec->type[i]))
			number = mapped(number, elem->l3);
		key->wide[wide++] = (struct sl_wide) { (__u64)(number >> 64), (__u64)number };
	}
}

static void set_addr(struct sl_conf_elem *elem, unsigned int i, sl_u128 low, sl_u128 high)
{
	bool four = is_mapped(low) && is_mapped(high);

	elem->l3 = SL_L3_BIT(four ? SL_L3_IP4 : SL_L3_IP6);
	elem->part[i] = (struct sl_interval) { four ? (__u32)low : low, four ? (__u32)high : high };
}

void sl_key_elem(const struct sl_set_spec *spec, const struct sl_set_key *key,
		 struct sl_conf_elem *elem)
{
	unsigned int i, wide = 0;

	*elem = (struct sl_conf_elem) {};
	for (i = 0; i < spec->nparts; i++) {
		sl_u128 number = key->narrow[i];

		if (is_wide(spec->type[i])) {
			number = (sl_u128)key->wide[wide].high << 64 | key->wide[wide].low;
			wide++;
		}
		if (is_addr(spec->type[i]))
			set_addr(elem, i, number, number);
		else
			elem->part[i] = (struct sl_interval) { number, number };
	}
}

void sl_elem_prefix(const struct sl_conf_elem *elem, struct sl_set_prefix *key)
{
	sl_u128 low = mapped(elem->part[0].low, elem->l3);
	sl_u128 span = elem->part[0].high - elem->part[0].low;
	int i;

	*key = (struct sl_set_prefix) { .bits = 128 };
	for (; span; span >>= 1)
		key->bits--;
	for (i = 15; i >= 0; i--, low >>= 8)
		key->addr[i] = (__u8)low;
}

void sl_prefix_elem(const struct sl_set_prefix *key, struct sl_conf_elem *elem)
{
	sl_u128 low = 0, rest = sl_ones(128 - key->bits);
	int i;

	for (i = 0; i < 16; i++)
		low = low << 8 | key->addr[i];
	*elem = (struct sl_conf_elem) {};
	set_addr(elem, 0, low & ~rest, low | rest);
}
