/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "grams.h"

#include <errno.h>
#include <stdlib.h>

#define GRAM	  4U /* bytes */
/* What grams cost that traffic is full of: of one byte again and again, as padding is. */
#define DULL	  1024U
/* Of longer needles, what is not looked at is as good as what is. */
#define LOOKED_AT 64U

static unsigned int grams_in(const struct sl_conf_needle *needle)
{
	unsigned int bytes = needle->length < LOOKED_AT ? needle->length : LOOKED_AT;

	return bytes < GRAM ? 0 : bytes - GRAM + 1;
}

static __u32 gram_at(const struct sl_conf_needle *needle, unsigned int at)
{
	__u32 gram = 0;
	unsigned int i;

	for (i = 0; i < GRAM; i++)
		gram |= (__u32)sl_gram_fold(needle->bytes[at + i]) << 8 * i;
	return gram;
}

static struct sl_gramtab_entry *find(const struct sl_gramtab *tab, __u32 gram)
{
	size_t i = (size_t)gram * SL_GRAM_HASH & (tab->size - 1);

	while (tab->entries[i].needles && tab->entries[i].gram != gram)
		i = (i + 1) & (tab->size - 1);
	return &tab->entries[i];
}

int sl_gramtab_fill(struct sl_gramtab *tab, const struct sl_conf_needle *needles, size_t count)
{
	struct sl_gramtab_entry *entry;
	size_t grams = 0, i;
	unsigned int at;

	for (i = 0; i < count; i++)
		grams += grams_in(&needles[i]);
	for (tab->size = 16; tab->size < 2 * grams;)
		tab->size *= 2;
	tab->entries = calloc(tab->size, sizeof(*tab->entries));
	if (!tab->entries)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		for (at = 0; at < grams_in(&needles[i]); at++) {
			entry = find(tab, gram_at(&needles[i], at));
			entry->gram = gram_at(&needles[i], at);
			entry->needles++;
		}
	}
	return 0;
}

static unsigned int price(const struct sl_gramtab *tab, __u32 gram)
{
	unsigned int price = find(tab, gram)->needles;

	if (gram == (gram & 0xff) * 0x01010101U)
		price += DULL;
	return price;
}

unsigned int sl_gramtab_best(const struct sl_gramtab *tab, const struct sl_conf_needle *needle,
			     unsigned int count)
{
	unsigned int best = 0, least = ~0U, at, i, sum;

	for (at = 0; at + count <= grams_in(needle); at++) {
		sum = 0;
		for (i = 0; i < count; i++)
			sum += price(tab, gram_at(needle, at + i));
		if (sum < least) {
			best = at;
			least = sum;
		}
	}
	return best;
}

void sl_gramtab_clear(struct sl_gramtab *tab)
{
	free(tab->entries);
}
