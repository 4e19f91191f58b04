/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "nametab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: the table holds what an administrator wrote, nobody attacks it. */
static size_t hash(const char *name)
{
	size_t value = 14695981039346656037UL;

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 1099511628211UL;
	return value;
}

static struct sl_nametab_entry *find(const struct sl_nametab *tab, const char *name)
{
	size_t i = hash(name) & (tab->size - 1);

	while (tab->entries[i].name && strcmp(tab->entries[i].name, name) != 0)
		i = (i + 1) & (tab->size - 1);
	return &tab->entries[i];
}

void *sl_nametab_get(const struct sl_nametab *tab, const char *name)
{
	return tab->size ? find(tab, name)->value : NULL;
}

static int grow(struct sl_nametab *tab)
{
	struct sl_nametab bigger = { .count = tab->count, .size = tab->size ? tab->size * 2 : 64 };
	size_t i;

	bigger.entries = calloc(bigger.size, sizeof(*bigger.entries));
	if (!bigger.entries)
		return -ENOMEM;
	for (i = 0; i < tab->size; i++) {
		if (tab->entries[i].name)
			*find(&bigger, tab->entries[i].name) = tab->entries[i];
	}
	free(tab->entries);
	*tab = bigger;
	return 0;
}

int sl_nametab_put(struct sl_nametab *tab, const char *name, void *value)
{
	struct sl_nametab_entry *entry;

	if (tab->count * 2 >= tab->size && grow(tab))
		return -ENOMEM;
	entry = find(tab, name);
	entry->name = name;
	entry->value = value;
	tab->count++;
	return 0;
}

void sl_nametab_clear(struct sl_nametab *tab)
{
	free(tab->entries);
	*tab = (struct sl_nametab) {};
}
