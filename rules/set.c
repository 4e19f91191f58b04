/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "set.h"

#include <errno.h>
#include <stdlib.h>

#include "set_content.h"

const char *const sl_set_type_names[SL_TYPE_MAX_] = {
#define X(name, word) [SL_TYPE_##name] = word,
	SL_SET_TYPES(X)
#undef X
};

int sl_elems_append(struct sl_conf_elems *elems, const struct sl_conf_elem *elem)
{
	if (elems->count == elems->size) {
		size_t size = elems->size ? elems->size * 2 : 16;
		struct sl_conf_elem *v = reallocarray(elems->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		elems->v = v;
		elems->size = size;
	}
	elems->v[elems->count++] = *elem;
	return 0;
}

enum sl_set_kind sl_set_kind_of(const struct sl_conf_set *set)
{
	if (set->type[0] == SL_TYPE_DOMAIN)
		return SL_SET_NAMES;
	if (sl_set_is_plain(set))
		return SL_SET_PLAIN;
	return set->type[0] == SL_TYPE_PREFIX ? SL_SET_TRIE : SL_SET_HASH;
}

void sl_set_default_parts(const struct sl_conf_set *set, __u8 to[SL_SET_PARTS])
{
	unsigned int i, addrs = 0, macs = 0, ports = 0;

	for (i = 0; i < SL_SET_PARTS; i++)
		to[i] = SL_PART_NONE;
	for (i = 0; i < set->nparts; i++) {
		switch (set->type[i]) {
		case SL_TYPE_PORT:
			to[i] = ports++ ? SL_PART_SPORT : SL_PART_DPORT;
			break;
		case SL_TYPE_MAC:
			to[i] = macs++ ? SL_PART_DMAC : SL_PART_SMAC;
			break;
		case SL_TYPE_PROTO:
			to[i] = SL_PART_PROTO;
			break;
		default:
			to[i] = addrs++ ? SL_PART_DADDR : SL_PART_SADDR;
			break;
		}
	}
}

void sl_elems_clear(struct sl_conf_elems *elems)
{
	sl_intervals_clear(&elems->four);
	sl_intervals_clear(&elems->six);
	sl_intervals_clear(&elems->numbers);
	free(elems->v);
	sl_domains_clear(&elems->names);
	*elems = (struct sl_conf_elems) {};
}

void sl_set_clear(struct sl_conf_set *set)
{
	size_t i;

	free(set->name);
	for (i = 0; i < set->nfiles; i++)
		free(set->files[i].pattern);
	free(set->files);
	free(set->countries);
	sl_elems_clear(&set->elems);
	if (set->content)
		sl_elems_clear(&set->content->elems);
	free(set->content);
	*set = (struct sl_conf_set) {};
}
