// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sets at run time. A change of a plain set is noted in its body before it is begun, and made again
 * when it was cut off; it is made in what was added, in what was deleted, and last in what packets
 * meet.
 */

#include "dp.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "heap.h"
#include "private.h"
#include "set_maps.h"
#include "set_names.h"
#include "set_roots.h"
#include "sets_private.h"

#define NS 1000000000ULL

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * NS + (__u64)now.tv_nsec;
}

static struct sl_set *find(struct sl_dp *dp, const char *name)
{
	const struct sl_ruleset *rules = sl_dp_ruleset(dp);
	struct sl_set *sets = dp_sets_of(dp, rules);
	__u32 i;

	for (i = 0; sets && i < rules->nsets; i++)
		if (sets[i].name && !strcmp(dp_at(dp, sets[i].name), name))
			return &sets[i];
	dp_fail(dp, -ENOENT, "there is no set '%s'", name);
	return NULL;
}

static struct sl_set_spec spec_of(const struct sl_set *set)
{
	struct sl_set_spec spec = { .nparts = set->nparts, .plain = set->kind == SL_SET_PLAIN };
	unsigned int i;

	for (i = 0; i < set->nparts; i++)
		spec.type[i] = (enum sl_set_type)set->type[i];
	return spec;
}

/* --- plain sets --- */

static int change_made(struct sl_dp *dp, const struct sl_set *set, struct sl_set_body *body)
{
	const struct sl_set_change *change = &body->change;
	sl_u128 max = sl_set_number_max((enum sl_set_type)set->type[0]);
	struct sl_heap *heap = &dp->heap->heap;
	enum sl_set_root space = (enum sl_set_root)change->space;
	bool add = change->what == SL_SET_ADD;
	struct sl_interval range = {
		(sl_u128)change->low.high << 64 | change->low.low,
		(sl_u128)change->high.high << 64 | change->high.low,
	};
	__u64 unused = 0;
	int err;

	err = sl_roots_change(heap, &body->added, space, max, range, add, &unused);
	if (!err)
		err = sl_roots_change(heap, &body->deleted, space, max, range, !add, &unused);
	if (!err)
		err = sl_roots_change(heap, &body->now, space, max, range, add, &body->ranges);
	return err;
}

int dp_body_redo(struct sl_dp *dp, struct sl_set *set)
{
	struct sl_set_body *body = dp_at(dp, set->body);
	int err = 0;

	if (body->change.what != SL_SET_NOTHING)
		err = change_made(dp, set, body);
	if (!err)
		__atomic_store_n(&body->change.what, SL_SET_NOTHING, __ATOMIC_RELEASE);
	return err;
}

/*
 * What fails half-way is made undone by its opposite where that is possible; else it stays noted,
 * and the next change or start makes it.
 */
static int change_plain(struct sl_dp *dp, struct sl_set *set, const struct sl_conf_elem *elem,
			bool add)
{
	struct sl_set_body *body = dp_at(dp, set->body);
	const struct sl_interval *range = &elem->part[0];
	struct sl_set_spec spec = spec_of(set);
	int err;

	err = dp_body_redo(dp, set);
	if (err)
		return err;
	body->change.low = (struct sl_wide) { (__u64)(range->low >> 64), (__u64)range->low };
	body->change.high = (struct sl_wide) { (__u64)(range->high >> 64), (__u64)range->high };
	body->change.space = sl_elem_space(&spec, elem);
	__atomic_store_n(&body->change.what, add ? SL_SET_ADD : SL_SET_DELETE, __ATOMIC_RELEASE);
	err = change_made(dp, set, body);
	if (!err)
		__atomic_store_n(&body->change.what, SL_SET_NOTHING, __ATOMIC_RELEASE);
	return err;
}

static int full(struct sl_dp *dp, const struct sl_set *set)
{
	return dp_fail(dp, -ENOSPC, "set '%s' is full: its size is %u",
		       (const char *)dp_at(dp, set->name), set->size);
}

static int add_plain(struct sl_dp *dp, struct sl_set *set, const struct sl_conf_elem *elem)
{
	const struct sl_set_body *body = dp_at(dp, set->body);

	if (set->size && body->ranges >= set->size)
		return full(dp, set);
	return change_plain(dp, set, elem, true);
}

/* --- entries --- */

static int open_map(struct sl_dp *dp, const struct sl_set *set)
{
	int fd = dp_set_map_get(dp, (enum sl_set_kind)set->kind, set->map);

	return fd < 0 ? dp_fail(dp, fd, "set '%s': %s", (const char *)dp_at(dp, set->name),
				dp_words(fd))
		      : fd;
}

struct sweeping {
	int fd;
	__u64 now;
};

static int drop_expired(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	const struct sweeping *sweeping = arg;

	if (entry->expires && entry->expires <= sweeping->now)
		bpf_map_delete_elem(sweeping->fd, key);
	return 0;
}

static int add_entry(struct sl_dp *dp, const struct sl_set *set, int fd,
		     const struct sl_conf_elem *elem, __u32 timeout_s)
{
	enum sl_set_kind kind = (enum sl_set_kind)set->kind;
	struct sl_set_entry entry = {}, there;
	struct sl_set_spec spec = spec_of(set);
	union dp_key key;
	int err;

	dp_entry_key(kind, &spec, elem, &key);
	if (!dp_entry_get(fd, kind, &key, &there)) {
		/* It is the configuration's and stays; its counters go on. */
		if (there.flags & SL_ENTRY_CONFIGURED)
			return 0;
		entry = there;
	}
	entry.expires = timeout_s ? now_ns() + timeout_s * NS : 0;
	err = dp_entry_put(fd, kind, &key, &entry);
	if (err == -E2BIG || err == -ENOSPC) {
		struct sweeping sweeping = { .fd = fd, .now = now_ns() };

		/* Not as long as there are some that only wait to be swept. */
		dp_entries_each(fd, drop_expired, &sweeping);
		err = dp_entry_put(fd, kind, &key, &entry);
	}
	if (err == -E2BIG || err == -ENOSPC)
		return full(dp, set);
	return err ? dp_fail(dp, err, "set '%s': %s", (const char *)dp_at(dp, set->name),
			     dp_words(err))
		   : 0;
}

static int delete_entry(const struct sl_set *set, int fd, const struct sl_conf_elem *elem)
{
	struct sl_set_spec spec = spec_of(set);
	union dp_key key;
	int err;

	dp_entry_key((enum sl_set_kind)set->kind, &spec, elem, &key);
	err = bpf_map_delete_elem(fd, &key);
	return err == -ENOENT ? 0 : err;
}

/* --- by name --- */

static int read_elems(struct sl_dp *dp, const struct sl_set *set, const char *const *texts,
		      size_t count, struct sl_conf_elem *out)
{
	struct sl_set_spec spec = spec_of(set);
	struct sl_elem_error error;
	size_t i;

	for (i = 0; i < count; i++)
		if (sl_elem_read(&spec, texts[i], strlen(texts[i]), &out[i], &error))
			return dp_fail(dp, -EINVAL, "element %zu: %s", i + 1, error.text);
	return 0;
}

static int change_one(struct sl_dp *dp, struct sl_set *set, int fd, const struct sl_conf_elem *elem,
		      bool add, __u32 timeout_s)
{
	if (set->kind == SL_SET_PLAIN)
		return add ? add_plain(dp, set, elem) : change_plain(dp, set, elem, false);
	return add ? add_entry(dp, set, fd, elem, timeout_s) : delete_entry(set, fd, elem);
}

static int change(struct sl_dp *dp, const char *name, const char *const *texts, size_t count,
		  bool add, const __u32 *timeout_s)
{
	_cleanup_free_ struct sl_conf_elem *elems = calloc(count + 1, sizeof(*elems));
	struct sl_set *set = find(dp, name);
	_cleanup_close_ int fd = -1;
	size_t i;
	int err;

	if (!set)
		return -ENOENT;
	if (!elems)
		return dp_fail(dp, -ENOMEM, "no memory");
	if (timeout_s && (set->kind == SL_SET_PLAIN || set->kind == SL_SET_NAMES))
		return dp_fail(dp, -EINVAL,
			       "elements of set '%s' have no timeout, for the set has none", name);
	if (set->kind == SL_SET_NAMES)
		return dp_names_change(dp, set, texts, count, add);
	err = read_elems(dp, set, texts, count, elems);
	if (!err && set->kind != SL_SET_PLAIN) {
		fd = open_map(dp, set);
		err = fd < 0 ? fd : 0;
	}
	for (i = 0; i < count && !err; i++)
		err = change_one(dp, set, fd, &elems[i], add,
				 timeout_s ? *timeout_s : set->timeout_s);
	return err ?: dp_heap_tidy(dp->heap);
}

int sl_dp_set_add(struct sl_dp *dp, const char *name, const char *const *texts, size_t count,
		  const __u32 *timeout_s)
{
	return change(dp, name, texts, count, true, timeout_s);
}

int sl_dp_set_delete(struct sl_dp *dp, const char *name, const char *const *texts, size_t count)
{
	return change(dp, name, texts, count, false, NULL);
}

struct flushing {
	int fd;
};

static int drop_entered(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	const struct flushing *flushing = arg;

	if (!(entry->flags & SL_ENTRY_CONFIGURED))
		bpf_map_delete_elem(flushing->fd, key);
	return 0;
}

static int flush_plain(struct sl_dp *dp, struct sl_set *set, const struct sl_conf_elems *elems)
{
	static const struct sl_conf_elems none;
	__u32 old = set->body, new = 0;
	__u64 digest[2];
	int err;

	elems = elems ?: &none;
	sl_elems_digest(elems, digest);
	err = dp_body_new(dp, (enum sl_set_type)set->type[0], elems, digest, &new);
	if (err)
		return err;
	__atomic_store_n(&set->body, new, __ATOMIC_RELEASE);
	dp_body_free(dp, old, true);
	return dp_heap_tidy(dp->heap);
}

int sl_dp_set_flush(struct sl_dp *dp, const char *name, const struct sl_conf_set *conf)
{
	struct sl_set *set = find(dp, name);
	struct flushing flushing;
	_cleanup_close_ int fd = -1;

	if (!set)
		return -ENOENT;
	if (set->kind == SL_SET_PLAIN)
		return flush_plain(dp, set,
				   conf && conf->content && sl_set_is_plain(conf)
					   ? &conf->content->elems
					   : NULL);
	if (set->kind == SL_SET_NAMES)
		return dp_names_flush(dp, set);
	fd = open_map(dp, set);
	if (fd < 0)
		return fd;
	flushing.fd = fd;
	return dp_entries_each(fd, drop_entered, &flushing);
}

/* --- asking --- */

/* All of the element's numbers are in the set. */
static int test_plain(struct sl_dp *dp, const struct sl_set *set, const struct sl_conf_elem *elem,
		      bool *in)
{
	const struct sl_set_body *body = dp_at(dp, set->body);
	_cleanup_(sl_elems_clear) struct sl_conf_elems now = {};
	_cleanup_(sl_intervals_clear) struct sl_intervals rest = {};
	struct sl_set_spec spec = spec_of(set);
	const struct sl_intervals *list = &now.numbers;
	enum sl_set_root space = sl_elem_space(&spec, elem);

	if (sl_roots_read(&dp->heap->heap, &body->now, &now) ||
	    sl_intervals_add(&rest, elem->part[0].low, elem->part[0].high))
		return dp_fail(dp, -ENOMEM, "no memory");
	if (space != SL_ROOT_NUMBER)
		list = space == SL_ROOT_IP4 ? &now.four : &now.six;
	if (sl_intervals_intersect(&rest, list))
		return dp_fail(dp, -ENOMEM, "no memory");
	*in = sl_intervals_are(&rest, elem->part[0].low, elem->part[0].high);
	return 0;
}

static int test_entry(struct sl_dp *dp, const struct sl_set *set, const struct sl_conf_elem *elem,
		      bool *in)
{
	_cleanup_close_ int fd = open_map(dp, set);
	struct sl_set_spec spec = spec_of(set);
	struct sl_set_entry entry;
	union dp_key key;

	if (fd < 0)
		return fd;
	dp_entry_key((enum sl_set_kind)set->kind, &spec, elem, &key);
	*in = false;
	while (!bpf_map_lookup_elem(fd, &key, &entry)) {
		*in = !entry.expires || entry.expires > now_ns();
		/* A shorter prefix may hold yet, as for programs. */
		if (*in || set->kind != SL_SET_TRIE || !entry.bits)
			break;
		key.prefix.bits = entry.bits - 1;
	}
	return 0;
}

int sl_dp_set_test(struct sl_dp *dp, const char *name, const char *text, bool *in)
{
	const struct sl_set *set = find(dp, name);
	struct sl_conf_elem elem;
	int err;

	if (!set)
		return -ENOENT;
	if (set->kind == SL_SET_NAMES)
		return dp_names_test(dp, set, text, in);
	err = read_elems(dp, set, &text, 1, &elem);
	if (err)
		return err;
	return set->kind == SL_SET_PLAIN ? test_plain(dp, set, &elem, in)
					 : test_entry(dp, set, &elem, in);
}

struct listing {
	struct sl_set_spec spec;
	enum sl_set_kind kind;
	__u64 now;
	sl_dp_elem_fn *call;
	void *arg;
};

static int list_elem(struct listing *l, const struct sl_conf_elem *elem, struct sl_dp_elem *out)
{
	struct sl_buf buf = {};
	char *text = NULL;
	int err;

	sl_elem_print(&l->spec, elem, &buf);
	err = sl_buf_take(&buf, &text);
	if (err)
		return err;
	out->text = text;
	err = l->call(l->arg, out);
	free(text);
	return err;
}

static int list_plain(void *arg, const struct sl_conf_elem *elem)
{
	struct sl_dp_elem out = {};

	return list_elem(arg, elem, &out);
}

static int list_entry(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	struct listing *l = arg;
	struct sl_dp_elem out = {
		.packets = entry->packets,
		.bytes = entry->bytes,
		.configured = entry->flags & SL_ENTRY_CONFIGURED,
	};
	struct sl_conf_elem elem;

	if (entry->expires && entry->expires <= l->now)
		return 0;
	if (entry->expires)
		out.expires_ms = (entry->expires - l->now) / 1000000 + 1;
	dp_entry_elem(l->kind, &l->spec, key, &elem);
	return list_elem(l, &elem, &out);
}

int sl_dp_set_list(struct sl_dp *dp, const char *name, sl_dp_elem_fn *call, void *arg)
{
	_cleanup_(sl_elems_clear) struct sl_conf_elems elems = {};
	const struct sl_set *set = find(dp, name);
	const struct sl_set_body *body;
	_cleanup_close_ int fd = -1;
	struct listing l = { .now = now_ns(), .call = call, .arg = arg };

	if (!set)
		return -ENOENT;
	l.spec = spec_of(set);
	l.kind = (enum sl_set_kind)set->kind;
	if (set->kind == SL_SET_NAMES)
		return dp_names_list(dp, set, call, arg);
	if (set->kind != SL_SET_PLAIN) {
		fd = open_map(dp, set);
		return fd < 0 ? fd : dp_entries_each(fd, list_entry, &l);
	}
	body = dp_at(dp, set->body);
	if (sl_roots_read(&dp->heap->heap, &body->now, &elems))
		return dp_fail(dp, -ENOMEM, "no memory");
	return sl_elems_each(&elems, &l.spec, list_plain, &l);
}

/* --- sweeping --- */

/* Entries looked at in one go: a second of a million system calls would stop everything else. */
#define SWEEP_MAX 20000

static void sweep_map(struct sl_dp *dp, int fd, __u64 now, unsigned int *left)
{
	union dp_key key = dp->sweep.key, next;
	struct sl_set_entry entry;
	bool more = !bpf_map_get_next_key(fd, dp->sweep.begun ? &key : NULL, &next);

	for (; more && *left; --*left) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &entry) && entry.expires && entry.expires <= now)
			bpf_map_delete_elem(fd, &key);
	}
	dp->sweep.begun = more;
	dp->sweep.key = key;
}

static void say_refused(struct sl_dp *dp, struct sl_set *set, sl_dp_full_fn *call, void *arg)
{
	__u64 refused = __atomic_load_n(&set->refused, __ATOMIC_RELAXED);

	if (refused > set->refused_said && set->name)
		call(arg, dp_at(dp, set->name), refused - set->refused_said);
	set->refused_said = refused;
}

void sl_dp_sets_sweep(struct sl_dp *dp, sl_dp_full_fn *call, void *arg)
{
	const struct sl_ruleset *rules = sl_dp_ruleset(dp);
	struct sl_set *sets = dp_sets_of(dp, rules);
	unsigned int left = SWEEP_MAX;
	__u32 i, count = sets ? rules->nsets : 0, turn;

	for (i = 0; i < count; i++)
		say_refused(dp, &sets[i], call, arg);
	/* From where the last one ended. */
	for (turn = 0; turn < count && left; turn++) {
		_cleanup_close_ int fd = -1;
		const struct sl_set *set = &sets[dp->sweep.set % count];

		if (set->kind == SL_SET_HASH || set->kind == SL_SET_TRIE)
			fd = dp_set_map_get(dp, (enum sl_set_kind)set->kind, set->map);
		if (fd >= 0)
			sweep_map(dp, fd, now_ns(), &left);
		if (!dp->sweep.begun)
			dp->sweep.set = (dp->sweep.set + 1) % count;
	}
}

/* --- what there is --- */

static int count_entry(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	__u64 *count = arg;

	(void)key;
	(void)entry;
	++*count;
	return 0;
}

static __u64 count_entries(struct sl_dp *dp, const struct sl_set *set)
{
	_cleanup_close_ int fd = dp_set_map_get(dp, (enum sl_set_kind)set->kind, set->map);
	__u64 count = 0;

	if (fd >= 0)
		dp_entries_each(fd, count_entry, &count);
	return count;
}

static void add_size(void *arg, __u32 offset, __u32 size)
{
	__u64 *bytes = arg;

	(void)offset;
	*bytes += size;
}

static void fill(struct sl_dp *dp, const struct sl_set *set, struct sl_dp_set *out)
{
	const struct sl_set_body *body = dp_at(dp, set->body);
	unsigned int i;

	out->name = set->name ? dp_at(dp, set->name) : NULL;
	out->nparts = set->nparts;
	for (i = 0; i < set->nparts; i++)
		out->type[i] = (enum sl_set_type)set->type[i];
	out->plain = set->kind == SL_SET_PLAIN;
	out->size = set->size;
	out->timeout_s = set->timeout_s;
	out->counters = set->counters;
	out->refused = set->refused;
	if (set->kind == SL_SET_NAMES) {
		out->elements = dp_names_count(dp, set);
		dp_names_blocks(dp, set->body, add_size, &out->bytes);
		return;
	}
	out->elements = out->plain ? body->ranges : count_entries(dp, set);
	if (!out->plain)
		return;
	sl_roots_blocks(&dp->heap->heap, &body->now, add_size, &out->bytes);
	sl_roots_blocks(&dp->heap->heap, &body->added, add_size, &out->bytes);
	sl_roots_blocks(&dp->heap->heap, &body->deleted, add_size, &out->bytes);
}

int sl_dp_sets(struct sl_dp *dp, struct sl_dp_set **out, size_t *count)
{
	const struct sl_ruleset *rules = sl_dp_ruleset(dp);
	const struct sl_set *sets = dp_sets_of(dp, rules);
	struct sl_dp_set *list;
	__u32 i;

	list = calloc(sets ? rules->nsets + 1 : 1, sizeof(*list));
	if (!list)
		return dp_fail(dp, -ENOMEM, "no memory");
	*count = sets ? rules->nsets : 0;
	for (i = 0; i < *count; i++)
		fill(dp, &sets[i], &list[i]);
	*out = list;
	return 0;
}

int sl_dp_set_find(struct sl_dp *dp, const char *name, struct sl_dp_set *out)
{
	const struct sl_set *set = find(dp, name);

	if (!set)
		return -ENOENT;
	*out = (struct sl_dp_set) {};
	fill(dp, set, out);
	return 0;
}
