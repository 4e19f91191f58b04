/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "needle.h"
#include "rules.h"

/* Grams in a row of which one is at a multiple of four, wherever the needle lies. */
#define SL_GRAM_ROW 4U

/* How many needles have a gram: those that many have would stop the search for nothing. */
struct sl_gramtab {
	struct sl_gramtab_entry {
		__u32 gram;
		__u32 needles; /* 0: not in use */
	} *entries;
	size_t size; /* a power of two */
};

int sl_gramtab_fill(struct sl_gramtab *tab, const struct sl_conf_needle *needles, size_t count);
/* Where in the needle, which is long enough, so many grams in a row are the best to look for. */
unsigned int sl_gramtab_best(const struct sl_gramtab *tab, const struct sl_conf_needle *needle,
			     unsigned int count);
void sl_gramtab_clear(struct sl_gramtab *tab);

static inline unsigned char sl_gram_fold(unsigned char byte)
{
	return byte | (SL_GRAM_FOLD & 0xff);
}

/* The bits of a byte that are the same in upper and lower case. */
static inline unsigned char sl_gram_case(unsigned char byte)
{
	unsigned char lower = byte | 0x20;

	return lower >= 'a' && lower <= 'z' ? 0xdf : 0xff;
}
