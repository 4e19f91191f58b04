// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sets of names. Programs meet a table of hashes; the names themselves are kept beside it as text,
 * which the next process needs to list them. A change at run time is noted before it is made, so
 * that of what was cut off only the last note has to be made again.
 */

#include "set_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "name_table.h"
#include "name_text.h"

#define BODY_SIZE ((__u32)sizeof(struct sl_names_body))

static const struct sl_name_key *key_of(const struct sl_dp *dp)
{
	return dp_at(dp, SL_ARENA_NAME_KEY);
}

static __u64 hash_of(const struct sl_dp *dp, const struct sl_domain *domain)
{
	return sl_domain_hash(key_of(dp), domain->text, domain->length);
}

static int no_memory(struct sl_dp *dp)
{
	return dp_fail(dp, -ENOMEM, "no memory for a set of names");
}

/* --- building --- */

struct making {
	struct sl_dp *dp;
	__u32 *table;
};

static int make_change(void *arg, const struct sl_domain *domain)
{
	const struct making *m = arg;
	__u64 hash = hash_of(m->dp, domain);
	unsigned int forms = domain->forms & SL_NAME_FORMS;

	if (!(domain->forms & SL_NAME_OUT))
		return sl_names_add(&m->dp->heap->heap, m->table, hash, forms);
	sl_names_delete(&m->dp->heap->heap, *m->table, hash, forms);
	return 0;
}

/* Those that say nothing new are left out of the list. */
static int fill_table(struct sl_dp *dp, struct sl_domains *names, __u32 *table)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_domains kept = { .bytes = names->bytes, .size = names->size };
	struct sl_domain domain;
	size_t at = 0;
	int err = 0;

	while (sl_domains_next(names, &at, &domain)) {
		__u64 hash = hash_of(dp, &domain);

		if (!(domain.forms & ~sl_names_find(heap, *table, hash)))
			continue;
		err = sl_names_add(heap, table, hash, domain.forms);
		if (err)
			return err;
		/* Never behind what is read: there is as much room as it took. */
		memmove(kept.bytes + kept.used, names->bytes + at - 2 - domain.length,
			2 + (size_t)domain.length);
		kept.used += 2 + (size_t)domain.length;
		kept.count++;
	}
	names->used = kept.used;
	names->count = kept.count;
	return 0;
}

static int body_fill(struct sl_dp *dp, struct sl_names_body *body, struct sl_domains *names,
		     bool counters, const struct sl_names_body *old)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct making m = { .dp = dp, .table = &body->table };
	int err;

	err = sl_names_new(heap, names->count, counters, &body->table);
	if (!err)
		err = fill_table(dp, names, &body->table);
	if (!err)
		err = sl_names_pack(heap, names, &body->text);
	if (err || !old)
		return err;
	err = sl_names_text_each(heap, old->changes, make_change, &m);
	if (err)
		return err;
	sl_names_count_on(heap, old->table, body->table);
	body->changes = old->changes;
	body->last = old->last;
	return 0;
}

int dp_names_new(struct sl_dp *dp, struct sl_domains *names, bool counters, const __u64 digest[2],
		 const struct sl_names_body *old, __u32 *out)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_names_body *body;
	__u32 at = 0;
	int err;

	err = heap->alloc(heap, BODY_SIZE, &at);
	if (err)
		return err;
	body = dp_at(dp, at);
	memcpy(body->digest, digest, sizeof(body->digest));
	err = body_fill(dp, body, names, counters, old);
	if (err) {
		dp_names_free(dp, at, false);
		return err == -ENOMEM ? no_memory(dp) : err;
	}
	*out = at;
	return 0;
}

static void block_free(void *arg, __u32 offset, __u32 size)
{
	struct sl_heap *heap = arg;

	heap->free(heap, offset, size);
}

void dp_names_free(struct sl_dp *dp, __u32 at, bool changes)
{
	struct sl_heap *heap = &dp->heap->heap;
	const struct sl_names_body *body = dp_at(dp, at);

	if (body->table)
		sl_names_free(heap, body->table);
	sl_names_text_free(heap, body->text);
	if (changes)
		sl_names_text_free(heap, body->changes);
	block_free(heap, at, BODY_SIZE);
}

void dp_names_blocks(struct sl_dp *dp, __u32 at, sl_block_fn *call, void *arg)
{
	const struct sl_heap *heap = &dp->heap->heap;
	const struct sl_names_body *body = dp_at(dp, at);

	call(arg, at, BODY_SIZE);
	sl_names_blocks(heap, body->table, call, arg);
	sl_names_text_blocks(heap, body->text, call, arg);
	sl_names_text_blocks(heap, body->changes, call, arg);
}

/* --- changes --- */

static int keep_last(void *arg, const struct sl_domain *domain)
{
	*(struct sl_domain *)arg = *domain;
	return 0;
}

static void find_last(void *arg, __u32 offset, __u32 size)
{
	(void)size;
	*(__u32 *)arg = offset;
}

int dp_names_redo(struct sl_dp *dp, __u32 at)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_names_body *body = dp_at(dp, at);
	struct making m = { .dp = dp, .table = &body->table };
	struct sl_domain last = {};
	int err;

	body->last = 0;
	sl_names_text_blocks(heap, body->changes, find_last, &body->last);
	err = sl_names_text_each(heap, body->last, keep_last, &last);
	return err || !last.length ? err : make_change(&m, &last);
}

static int note_net(struct sl_heap *heap, const struct sl_name_changes *changes, __u32 *first,
		    __u32 *last)
{
	struct sl_domain added, out;
	size_t i = 0;
	int err = 0;

	while (!err && sl_name_changes_next(changes, &i, &added, &out)) {
		out.forms |= SL_NAME_OUT;
		if (added.forms)
			err = sl_names_note(heap, &added, first, last);
		if (!err && out.forms & SL_NAME_FORMS)
			err = sl_names_note(heap, &out, first, last);
	}
	return err;
}

static void count_blocks(void *arg, __u32 offset, __u32 size)
{
	(void)offset;
	(void)size;
	++*(unsigned int *)arg;
}

/* Names that come and go leave notes: when there are many, only what they come to is kept. */
#define NOTES_MANY 64

static int notes_tidy(struct sl_dp *dp, struct sl_names_body *body)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_name_changes changes = {};
	__u32 first = 0, last = 0, old = body->changes;
	unsigned int blocks = 0;
	int err;

	sl_names_text_blocks(heap, old, count_blocks, &blocks);
	/* At a power of two: what cannot be made less is not looked through each time. */
	if (blocks < NOTES_MANY || blocks & (blocks - 1))
		return 0;
	err = sl_name_changes_read(heap, old, &changes);
	if (!err)
		err = note_net(heap, &changes, &first, &last);
	sl_name_changes_clear(&changes);
	if (err) {
		sl_names_text_free(heap, first);
		return err;
	}
	__atomic_store_n(&body->changes, first, __ATOMIC_RELEASE);
	body->last = last;
	sl_names_text_free(heap, old);
	return 0;
}

static int full(struct sl_dp *dp, const struct sl_set *set)
{
	return dp_fail(dp, -ENOSPC, "set '%s' is full: its size is %u",
		       (const char *)dp_at(dp, set->name), set->size);
}

__u32 dp_names_count(struct sl_dp *dp, const struct sl_set *set)
{
	const struct sl_names_body *body = dp_at(dp, set->body);

	return ((const struct sl_names_table *)dp_at(dp, body->table))->names;
}

static int change_one(struct sl_dp *dp, struct sl_set *set, struct sl_domain *domain, bool add)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_names_body *body = dp_at(dp, set->body);
	struct making m = { .dp = dp, .table = &body->table };
	unsigned int there = sl_names_find(heap, body->table, hash_of(dp, domain));
	__u32 before = body->last;
	int err;

	if (add ? !(domain->forms & ~there) : !(domain->forms & there))
		return 0;
	if (add && !there && set->size && dp_names_count(dp, set) >= set->size)
		return full(dp, set);
	domain->forms |= add ? 0 : SL_NAME_OUT;
	err = sl_names_note(heap, domain, &body->changes, &body->last);
	if (!err)
		err = make_change(&m, domain);
	if (!err && body->last != before)
		err = notes_tidy(dp, body);
	return err ? no_memory(dp) : 0;
}

static int read_names(struct sl_dp *dp, const char *const *texts, size_t count,
		      struct sl_domains *out)
{
	struct sl_elem_error error;
	struct sl_domain domain;
	size_t i;

	for (i = 0; i < count; i++) {
		if (sl_domain_read(texts[i], strlen(texts[i]), &domain, &error))
			return dp_fail(dp, -EINVAL, "element %zu: %s", i + 1, error.text);
		if (sl_domains_add(out, &domain))
			return no_memory(dp);
	}
	return 0;
}

int dp_names_change(struct sl_dp *dp, struct sl_set *set, const char *const *texts, size_t count,
		    bool add)
{
	_cleanup_(sl_domains_clear) struct sl_domains names = {};
	struct sl_domain domain;
	size_t at = 0;
	int err;

	err = read_names(dp, texts, count, &names);
	while (!err && sl_domains_next(&names, &at, &domain))
		err = change_one(dp, set, &domain, add);
	return err ?: dp_heap_tidy(dp->heap);
}

static int add_name(void *arg, const struct sl_domain *domain)
{
	return sl_domains_add(arg, domain);
}

int dp_names_flush(struct sl_dp *dp, struct sl_set *set)
{
	_cleanup_(sl_domains_clear) struct sl_domains names = {};
	struct sl_heap *heap = &dp->heap->heap;
	const struct sl_names_body *old = dp_at(dp, set->body);
	__u32 before = set->body, new = 0;
	int err;

	err = sl_names_text_each(heap, old->text, add_name, &names);
	if (err)
		return err == -ENOMEM ? no_memory(dp)
				      : dp_fail(dp, err, "names in the arena: %s", dp_words(err));
	err = dp_names_new(dp, &names, set->counters, old->digest, NULL, &new);
	if (err)
		return err;
	sl_names_count_on(heap, old->table, ((struct sl_names_body *)dp_at(dp, new))->table);
	__atomic_store_n(&set->body, new, __ATOMIC_RELEASE);
	dp_names_free(dp, before, true);
	return dp_heap_tidy(dp->heap);
}

/* --- asking --- */

int dp_names_test(struct sl_dp *dp, const struct sl_set *set, const char *text, bool *in)
{
	const struct sl_names_body *body = dp_at(dp, set->body);
	const struct sl_heap *heap = &dp->heap->heap;
	struct sl_elem_error error;
	struct sl_domain domain;
	unsigned int have = 0;
	const char *from;

	if (sl_domain_read(text, strlen(text), &domain, &error))
		return dp_fail(dp, -EINVAL, "element 1: %s", error.text);
	for (from = domain.text; from; from = strchr(from, '.')) {
		unsigned int forms;

		from += *from == '.';
		forms = sl_names_find(heap, body->table,
				      sl_domain_hash(key_of(dp), from,
						     domain.length - (size_t)(from - domain.text)));
		if (from == domain.text)
			have |= forms;
		else if (forms & SL_NAME_BELOW)
			have = SL_NAME_FORMS;
	}
	*in = !(domain.forms & ~have);
	return 0;
}

struct listing {
	struct sl_dp *dp;
	const struct sl_names_body *body;
	const struct sl_name_changes *changes;
	sl_dp_elem_fn *call;
	void *arg;
};

/* A name as it is in the set now, if it is. */
static int list_name(const struct listing *l, struct sl_domain *domain, bool configured)
{
	const struct sl_heap *heap = &l->dp->heap->heap;
	struct sl_dp_elem elem = { .configured = configured };
	__u64 hash = hash_of(l->dp, domain);
	const struct sl_counter *counter;
	struct sl_buf buf = {};
	char *text = NULL;
	int err;

	domain->forms = (__u8)sl_names_find(heap, l->body->table, hash);
	if (!domain->forms)
		return 0;
	counter = sl_names_counter(heap, l->body->table, hash);
	if (counter) {
		elem.packets = counter->packets;
		elem.bytes = counter->bytes;
	}
	sl_domain_print(&buf, domain);
	err = sl_buf_take(&buf, &text);
	if (err)
		return err;
	elem.text = text;
	err = l->call(l->arg, &elem);
	free(text);
	return err;
}

static int list_configured(void *arg, const struct sl_domain *domain)
{
	struct sl_domain copy = *domain;
	const struct listing *l = arg;

	return sl_name_changes_have(l->changes, domain) ? 0 : list_name(l, &copy, true);
}

int dp_names_list(struct sl_dp *dp, const struct sl_set *set, sl_dp_elem_fn *call, void *arg)
{
	_cleanup_(sl_name_changes_clear) struct sl_name_changes changes = {};
	struct listing l = {
		.dp = dp,
		.body = dp_at(dp, set->body),
		.changes = &changes,
		.call = call,
		.arg = arg,
	};
	struct sl_domain added, out;
	size_t i = 0;
	int err;

	err = sl_name_changes_read(&dp->heap->heap, l.body->changes, &changes);
	if (err)
		return no_memory(dp);
	err = sl_names_text_each(&dp->heap->heap, l.body->text, list_configured, &l);
	while (!err && sl_name_changes_next(&changes, &i, &added, &out))
		err = list_name(&l, &added, false);
	return err;
}
