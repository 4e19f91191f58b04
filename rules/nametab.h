/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/* A hash table from names to whatever; the names stay the caller's. */
struct sl_nametab_entry {
	const char *name;
	void *value;
};

struct sl_nametab {
	struct sl_nametab_entry *entries;
	size_t count;
	size_t size; /* a power of two, or 0 */
};

void *sl_nametab_get(const struct sl_nametab *tab, const char *name);
/* The name must not be in the table yet. */
int sl_nametab_put(struct sl_nametab *tab, const char *name, void *value);
void sl_nametab_clear(struct sl_nametab *tab);
