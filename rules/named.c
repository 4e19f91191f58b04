/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "named.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SELF, /* for the name itself */
	BELOW,
	FORMS
};

struct sl_named_list {
	__u32 class; /* enum sl_l3 * SL_L4_MAX_ + enum sl_l4 */
	struct sl_records records;
};

struct sl_named_node {
	__u64 hash;
	char *text;
	struct sl_named_list *lists[FORMS];
	__u32 count[FORMS];
	__u32 level[FORMS]; /* offset; 0: no records */
};

const struct sl_cond_name *sl_named_by(const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nnames; i++)
		if (!match->names[i].negate)
			return &match->names[i];
	return NULL;
}

/* --- nodes --- */

static __u32 *slot_of(const struct sl_named_rules *named, __u64 hash)
{
	size_t i = (size_t)(hash >> 32) & (named->size - 1);

	while (named->table[i] && named->nodes[named->table[i] - 1].hash != hash)
		i = (i + 1) & (named->size - 1);
	return &named->table[i];
}

static struct sl_named_node *find(const struct sl_named_rules *named, __u64 hash)
{
	__u32 place = named->size ? *slot_of(named, hash) : 0;

	return place ? &named->nodes[place - 1] : NULL;
}

/* At most half of the table is taken. */
static int grow(struct sl_named_rules *named)
{
	size_t size = named->size ? named->size * 2 : 64, i;
	struct sl_named_node *nodes = reallocarray(named->nodes, size / 2, sizeof(*nodes));
	__u32 *table;

	if (!nodes)
		return -ENOMEM;
	named->nodes = nodes;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(named->table);
	named->table = table;
	named->size = size;
	for (i = 0; i < named->count; i++)
		*slot_of(named, nodes[i].hash) = (__u32)i + 1;
	return 0;
}

static int node_get(struct sl_named_rules *named, const struct sl_domain *domain, __u64 hash,
		    struct sl_named_node **out)
{
	struct sl_named_node *node = find(named, hash);

	if (!node) {
		char *text;

		if (named->count >= named->size / 2 && grow(named))
			return -ENOMEM;
		text = strdup(domain->text);
		if (!text)
			return -ENOMEM;
		node = &named->nodes[named->count++];
		*node = (struct sl_named_node) { .hash = hash, .text = text };
		*slot_of(named, hash) = (__u32)named->count;
	}
	*out = node;
	return 0;
}

static int list_get(struct sl_named_node *node, int form, __u32 class, struct sl_records **out)
{
	struct sl_named_list *lists = node->lists[form];
	__u32 i;

	for (i = 0; i < node->count[form] && lists[i].class != class; i++)
		;
	if (i == node->count[form]) {
		lists = reallocarray(lists, i + 1, sizeof(*lists));
		if (!lists)
			return -ENOMEM;
		lists[i] = (struct sl_named_list) { .class = class };
		node->lists[form] = lists;
		node->count[form]++;
	}
	*out = &lists[i].records;
	return 0;
}

int sl_named_add(struct sl_named_rules *named, const struct sl_cond_name *cond,
		 const struct sl_name_key *key, enum sl_l3 l3, enum sl_l4 l4,
		 const struct sl_spread *spread, const struct sl_record_end *end)
{
	__u32 class = l3 * SL_L4_MAX_ + l4;
	struct sl_domain domain;
	size_t at = 0;
	int err = 0;

	named->has[class] = true;
	while (!err && sl_domains_next(&cond->names, &at, &domain)) {
		__u64 hash = sl_domain_hash(key, domain.text, domain.length);
		struct sl_named_node *node = NULL;
		struct sl_records *records;
		int form;

		err = node_get(named, &domain, hash, &node);
		for (form = SELF; form < FORMS && !err; form++) {
			if (!(domain.forms & (form == SELF ? SL_DOMAIN_SELF : SL_DOMAIN_BELOW)))
				continue;
			err = list_get(node, form, class, &records);
			if (!err)
				err = sl_records_add(records, l3, spread, end);
		}
	}
	return err;
}

/* --- writing --- */

static int write_records(struct sl_block *block, const struct sl_named_list *list,
			 struct sl_named_part *out)
{
	size_t size = sl_record_size((enum sl_l3)(list->class / SL_L4_MAX_));
	__u32 at;
	int err;

	err = sl_block_take(block, list->records.count * size, (__u32)size, &at);
	if (err)
		return err;
	memcpy(sl_block_at(block, at), list->records.bytes, list->records.count * size);
	*out = (struct sl_named_part) {
		.class = list->class,
		.at = at,
		.end = at + (__u32)(list->records.count * size),
	};
	return 0;
}

static int write_level(struct sl_block *block, struct sl_named_node *node, int form)
{
	struct sl_named_part part;
	struct sl_named_level *level;
	__u32 at, i;
	int err;

	if (!node->count[form])
		return 0;
	err = sl_block_take(block, sizeof(*level) + node->count[form] * sizeof(part), 8, &at);
	for (i = 0; i < node->count[form] && !err; i++) {
		err = write_records(block, &node->lists[form][i], &part);
		level = err ? NULL : sl_block_at(block, at);
		if (level) {
			level->part[i] = part;
			level->count = i + 1;
		}
	}
	if (!err)
		node->level[form] = at;
	return err;
}

/* The level of the nearest name above whose rules are about names below it. */
static __u32 level_above(const struct sl_named_rules *named, const struct sl_named_node *node,
			 const struct sl_name_key *key)
{
	const struct sl_named_node *above;
	const char *dot;

	for (dot = strchr(node->text, '.'); dot; dot = strchr(dot + 1, '.')) {
		above = find(named, sl_domain_hash(key, dot + 1, strlen(dot + 1)));
		if (above && above->level[BELOW])
			return above->level[BELOW];
	}
	return 0;
}

static void link_node(struct sl_block *block, const struct sl_named_node *node, __u32 above,
		      struct sl_named_entry *out)
{
	int form;

	for (form = SELF; form < FORMS; form++) {
		if (!node->level[form])
			continue;
		((struct sl_named_level *)sl_block_at(block, node->level[form]))->next = above;
	}
	*out = (struct sl_named_entry) {
		.hash = node->hash,
		.self = node->level[SELF] ?: above,
		.below = node->level[BELOW] ?: above,
	};
}

static int write_index(struct sl_named_rules *named, struct sl_block *block,
		       const struct sl_name_key *key, __u32 *out)
{
	struct sl_named_index *index;
	struct sl_named_entry entry;
	__u32 at;
	size_t i;
	int err;

	err = sl_block_take(block, sizeof(*index) + named->size * sizeof(entry), 16, &at);
	if (err)
		return err;
	index = sl_block_at(block, at);
	index->mask = (__u32)named->size - 1;
	for (i = 0; i < named->count; i++) {
		const struct sl_named_node *node = &named->nodes[i];

		link_node(block, node, level_above(named, node, key), &entry);
		index->entry[slot_of(named, node->hash) - named->table] = entry;
	}
	*out = at;
	return 0;
}

int sl_named_write(struct sl_named_rules *named, struct sl_block *block,
		   const struct sl_name_key *key, __u32 *at)
{
	size_t i;
	int form, err = 0;

	if (!named->count)
		return 0;
	for (i = 0; i < named->count && !err; i++)
		for (form = SELF; form < FORMS && !err; form++)
			err = write_level(block, &named->nodes[i], form);
	return err ?: write_index(named, block, key, at);
}

void sl_named_clear(struct sl_named_rules *named)
{
	size_t i;
	__u32 n;
	int form;

	for (i = 0; i < named->count; i++) {
		for (form = SELF; form < FORMS; form++) {
			for (n = 0; n < named->nodes[i].count[form]; n++)
				sl_records_clear(&named->nodes[i].lists[form][n].records);
			free(named->nodes[i].lists[form]);
		}
		free(named->nodes[i].text);
	}
	free(named->nodes);
	free(named->table);
	*named = (struct sl_named_rules) {};
}
