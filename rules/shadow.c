/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "shadow.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "cover.h"
#include "covers.h"

/* Pairs of rules that are compared at most: about ten seconds. */
#define PAIRS_MAX 200000000ULL

enum {
	SOURCE,
	DEST,
	PORT,
	DIMENSIONS
};

/* The shortest prefix that holds a whole set, in each dimension. */
struct box {
	sl_u128 value[DIMENSIONS];
	unsigned int length[DIMENSIONS];
};

struct entry {
	struct entry *next; /* of the same hash */
	const struct sl_conf_rule *rule;
	struct box box;
	unsigned int l3;
};

/* A combination of lengths that occurs. */
struct tuple {
	unsigned int length[DIMENSIONS];
	unsigned int l3;
};

struct sl_shadow {
	struct entry **table;
	size_t size; /* a power of two, or 0 */
	size_t count;
	struct tuple *tuples;
	size_t ntuples;
	__u64 pairs;
};

static const unsigned int widths[SL_L3_MAX_][DIMENSIONS] = {
	[SL_L3_OTHER] = { 0, 0, 16 },
	[SL_L3_IP4] = { 32, 32, 16 },
	[SL_L3_IP6] = { 128, 128, 16 },
};

static const enum sl_field fields[SL_L3_MAX_][DIMENSIONS] = {
	[SL_L3_OTHER] = { SL_FIELD_MAX_, SL_FIELD_MAX_, SL_FIELD_ETHERTYPE },
	[SL_L3_IP4] = { SL_FIELD_SADDR4, SL_FIELD_DADDR4, SL_FIELD_DPORT },
	[SL_L3_IP6] = { SL_FIELD_SADDR6, SL_FIELD_DADDR6, SL_FIELD_DPORT },
};

static sl_u128 prefix_of(sl_u128 value, unsigned int length, unsigned int width)
{
	return value & ~sl_ones(width - length);
}

static void make_box(struct box *box, const struct sl_conf_match *match, unsigned int l3)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		unsigned int width = widths[l3][i], length = 0;
		const struct sl_intervals *set = sl_match_find(match, fields[l3][i]);
		sl_u128 low = set ? set->v[0].low : 0;
		sl_u128 high = set ? set->v[set->count - 1].high : sl_ones(width);

		for (length = width; length && low >> (width - length) != high >> (width - length);)
			length--;
		box->length[i] = length;
		box->value[i] = length ? prefix_of(low, length, width) : 0;
	}
}

static size_t hash(const struct box *box, unsigned int l3)
{
	__u64 value = 14695981039346656037ULL ^ l3;
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		value = (value ^ (__u64)box->value[i]) * 0x9e3779b97f4a7c15ULL;
		value = (value ^ (__u64)(box->value[i] >> 64) ^ value >> 29) *
			0xbf58476d1ce4e5b9ULL;
		value = (value ^ box->length[i] ^ value >> 32) * 0x94d049bb133111ebULL;
	}
	return (size_t)(value ^ value >> 31);
}

static bool is_same(const struct box *a, const struct box *b)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		if (a->length[i] != b->length[i] || a->value[i] != b->value[i])
			return false;
	}
	return true;
}

/* The box with the tuple's lengths around another one; false: the tuple's are longer. */
static bool widen(struct box *out, const struct box *box, const struct tuple *tuple)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		unsigned int length = tuple->length[i];

		if (length > box->length[i])
			return false;
		out->length[i] = length;
		out->value[i] = length ? prefix_of(box->value[i], length, widths[tuple->l3][i]) : 0;
	}
	return true;
}

/* The earliest of those that have the box and cover the rule, if it is earlier than found. */
static const struct sl_conf_rule *look(struct sl_shadow *s, const struct box *box, unsigned int l3,
				       const struct sl_conf_rule *rule,
				       const struct sl_conf_rule *found)
{
	struct entry *entry = s->table[hash(box, l3) & (s->size - 1)];

	for (; entry; entry = entry->next) {
		if (entry->l3 != l3 || (found && entry->rule >= found) ||
		    !is_same(&entry->box, box))
			continue;
		s->pairs++;
		if (sl_match_covers(entry->rule->match, rule->match))
			found = entry->rule;
	}
	return found;
}

/* A class that the rule has packets of: who covers it, covers these. */
static unsigned int first_l3(const struct sl_conf_rule *rule)
{
	unsigned int l3;

	for (l3 = SL_L3_MAX_ - 1; l3 > 0; l3--) {
		if (rule->match->l3 & SL_L3_BIT(l3))
			return l3;
	}
	return SL_L3_OTHER;
}

const struct sl_conf_rule *sl_shadow_find(struct sl_shadow *s, const struct sl_conf_rule *rule)
{
	const struct sl_conf_rule *found = NULL;
	unsigned int l3 = first_l3(rule);
	struct box box, wide;
	size_t i;

	if (!s->count || sl_shadow_gave_up(s))
		return NULL;
	make_box(&box, rule->match, l3);
	for (i = 0; i < s->ntuples; i++) {
		if (s->tuples[i].l3 == l3 && widen(&wide, &box, &s->tuples[i]))
			found = look(s, &wide, l3, rule, found);
	}
	return found;
}

static int grow(struct sl_shadow *s)
{
	size_t size = s->size ? s->size * 2 : 1024, i;
	struct entry **table = (struct entry **)calloc(size, sizeof(*table)), *entry, *next;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < s->size; i++) {
		for (entry = s->table[i]; entry; entry = next) {
			size_t to = hash(&entry->box, entry->l3) & (size - 1);

			next = entry->next;
			entry->next = table[to];
			table[to] = entry;
		}
	}
	free((void *)s->table);
	s->table = table;
	s->size = size;
	return 0;
}

static int add_tuple(struct sl_shadow *s, const struct box *box, unsigned int l3)
{
	struct tuple *bigger;
	size_t i;

	for (i = 0; i < s->ntuples; i++) {
		const struct tuple *t = &s->tuples[i];

		if (t->l3 == l3 && t->length[SOURCE] == box->length[SOURCE] &&
		    t->length[DEST] == box->length[DEST] && t->length[PORT] == box->length[PORT])
			return 0;
	}
	bigger = reallocarray(s->tuples, s->ntuples + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	s->tuples = bigger;
	bigger[s->ntuples++] =
		(struct tuple) { { box->length[SOURCE], box->length[DEST], box->length[PORT] },
				 l3 };
	return 0;
}

static int add_class(struct sl_shadow *s, const struct sl_conf_rule *rule, unsigned int l3)
{
	struct entry *entry;
	size_t place;

	if (s->count == s->size && grow(s))
		return -ENOMEM;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->rule = rule;
	entry->l3 = l3;
	make_box(&entry->box, rule->match, l3);
	place = hash(&entry->box, l3) & (s->size - 1);
	entry->next = s->table[place];
	s->table[place] = entry;
	s->count++;
	return add_tuple(s, &entry->box, l3);
}

int sl_shadow_add(struct sl_shadow *s, const struct sl_conf_rule *rule)
{
	unsigned int l3;
	int err = 0;

	for (l3 = 0; !err && l3 < SL_L3_MAX_; l3++) {
		if (rule->match->l3 & SL_L3_BIT(l3))
			err = add_class(s, rule, l3);
	}
	return err;
}

bool sl_shadow_gave_up(const struct sl_shadow *s)
{
	return s->pairs > PAIRS_MAX;
}

int sl_shadow_new(struct sl_shadow **out)
{
	struct sl_shadow *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*out = s;
	return 0;
}

void sl_shadow_freep(struct sl_shadow **shadow)
{
	struct sl_shadow *s = *shadow;
	struct entry *entry, *next;
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->size; i++) {
		for (entry = s->table[i]; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
	}
	free((void *)s->table);
	free(s->tuples);
	free(s);
	*shadow = NULL;
}
