// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sets over reloads. The switch of the rule set is the switch of its sets, too:
 *
 * - A plain set whose configured content is what it was keeps its body, and with it what was
 *   changed at run time. Another content is built beside it, and the changes are made again:
 *   (configured united with added) minus deleted. Added and deleted go over to the new body.
 * - A set of names does the same; its changes are a list of notes, which goes over.
 * - A set of entries keeps its map by name and type. What the configuration has and the map has not
 *   is entered before the switch; what only the old configuration had is taken out behind it.
 *
 * What a failure leaves is freed, and what a killed process leaves is found free when the next one
 * follows the rule set in force from its start.
 */

#include "dp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "heap.h"
#include "private.h"
#include "set_maps.h"
#include "set_names.h"
#include "set_roots.h"
#include "sets_private.h"

/* An entry that was put into a map in use, and what it took the place of. */
struct entered {
	union dp_key key;
	struct sl_set_entry before;
	bool was_there;
};

/* A set of the new rule set. */
struct planned {
	struct sl_conf_set *conf;
	__u32 place; /* of the body or map */
	enum sl_set_kind kind;
	struct sl_set *old; /* of the rule set in force; NULL: there was none like it */
	bool kept; /* plain, names: the body is that of old */
	bool fresh; /* entries: the map is new */
	int fd; /* of the map */
	struct entered *entered; /* into a map that was there */
	size_t nentered;
};

struct dp_sets {
	struct sl_dp *dp;
	struct planned *sets;
	size_t count;
	const struct sl_ruleset *old;
};

struct sl_set *dp_sets_of(const struct sl_dp *dp, const struct sl_ruleset *rules)
{
	return rules && rules->nsets ? dp_at(dp, rules->sets) : NULL;
}

static bool same_types(const struct sl_set *set, const struct sl_conf_set *conf)
{
	unsigned int i;

	if (set->nparts != conf->nparts || set->kind != sl_set_kind_of(conf))
		return false;
	for (i = 0; i < conf->nparts; i++)
		if (set->type[i] != conf->type[i])
			return false;
	return true;
}

static bool same_name(const struct sl_dp *dp, const struct sl_set *set,
		      const struct sl_conf_set *conf)
{
	if (!set->name || !conf->name)
		return !set->name && !conf->name;
	return !strcmp(dp_at(dp, set->name), conf->name);
}

static bool same_content(const struct sl_dp *dp, const struct sl_set *set,
			 const struct sl_conf_set *conf)
{
	const struct sl_set_body *body = dp_at(dp, set->body);
	__u64 digest[2];

	sl_elems_digest(&conf->content->elems, digest);
	return body->digest[0] == digest[0] && body->digest[1] == digest[1];
}

/* Sets without a name are told apart by what they hold, and each serves one new one. */
static bool is_spoken_for(const struct dp_sets *sets, const struct sl_set *set)
{
	size_t i;

	for (i = 0; i < sets->count; i++)
		if (sets->sets[i].old == set)
			return true;
	return false;
}

static struct sl_set *find_old(const struct dp_sets *sets, const struct sl_conf_set *conf)
{
	struct sl_set *old = dp_sets_of(sets->dp, sets->old);
	__u32 i;

	for (i = 0; old && i < sets->old->nsets; i++) {
		if (!same_name(sets->dp, &old[i], conf) || !same_types(&old[i], conf))
			continue;
		if (conf->name ||
		    (!is_spoken_for(sets, &old[i]) && same_content(sets->dp, &old[i], conf)))
			return &old[i];
	}
	return NULL;
}

/* --- plain sets --- */

static int unite(struct sl_intervals *to, const struct sl_intervals *from)
{
	size_t i;

	for (i = 0; i < from->count; i++)
		if (sl_intervals_add(to, from->v[i].low, from->v[i].high))
			return -ENOMEM;
	sl_intervals_normalise(to);
	return 0;
}

static int subtract(struct sl_intervals *from, const struct sl_intervals *what)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals rest = {};

	if (!what->count)
		return 0;
	if (sl_intervals_copy(&rest, what) || sl_intervals_complement(&rest, ~(sl_u128)0))
		return -ENOMEM;
	return sl_intervals_intersect(from, &rest);
}

/* The configured content with what was changed at run time. */
static int with_changes(struct sl_dp *dp, const struct sl_set_body *body,
			struct sl_conf_elems *elems)
{
	_cleanup_(sl_elems_clear) struct sl_conf_elems added = {};
	_cleanup_(sl_elems_clear) struct sl_conf_elems deleted = {};

	if (sl_roots_read(&dp->heap->heap, &body->added, &added) ||
	    sl_roots_read(&dp->heap->heap, &body->deleted, &deleted))
		return -ENOMEM;
	if (unite(&elems->four, &added.four) || unite(&elems->six, &added.six) ||
	    unite(&elems->numbers, &added.numbers))
		return -ENOMEM;
	if (subtract(&elems->four, &deleted.four) || subtract(&elems->six, &deleted.six) ||
	    subtract(&elems->numbers, &deleted.numbers))
		return -ENOMEM;
	return 0;
}

int dp_body_new(struct sl_dp *dp, enum sl_set_type type, const struct sl_conf_elems *elems,
		const __u64 digest[2], __u32 *out)
{
	struct sl_heap *heap = &dp->heap->heap;
	struct sl_set_body *body;
	__u32 at = 0;
	int err;

	err = heap->alloc(heap, DP_BODY_SIZE, &at);
	if (err)
		return err;
	body = dp_at(dp, at);
	memcpy(body->digest, digest, sizeof(body->digest));
	err = sl_roots_build(heap, elems, sl_set_number_max(type), &body->now, &body->ranges);
	if (err) {
		heap->free(heap, at, DP_BODY_SIZE);
		return err;
	}
	*out = at;
	return 0;
}

void dp_body_free(struct sl_dp *dp, __u32 at, bool changes)
{
	struct sl_heap *heap = &dp->heap->heap;
	const struct sl_set_body *body = dp_at(dp, at);

	sl_roots_free(heap, &body->now);
	if (changes) {
		sl_roots_free(heap, &body->added);
		sl_roots_free(heap, &body->deleted);
	}
	heap->free(heap, at, DP_BODY_SIZE);
}

static int build_changed(struct sl_dp *dp, const struct sl_conf_set *conf,
			 const struct sl_set_body *old, const __u64 digest[2], __u32 *out)
{
	_cleanup_(sl_elems_clear) struct sl_conf_elems elems = {};
	const struct sl_conf_elems *content = &conf->content->elems;
	struct sl_set_body *body;
	int err;

	if (sl_intervals_copy(&elems.four, &content->four) ||
	    sl_intervals_copy(&elems.six, &content->six) ||
	    sl_intervals_copy(&elems.numbers, &content->numbers))
		return dp_fail(dp, -ENOMEM, "no memory for a set");
	err = with_changes(dp, old, &elems);
	if (err)
		return dp_fail(dp, err, "no memory for a set");
	err = dp_body_new(dp, conf->type[0], &elems, digest, out);
	if (err)
		return err;
	body = dp_at(dp, *out);
	body->added = old->added;
	body->deleted = old->deleted;
	return 0;
}

static int prepare_plain(struct sl_dp *dp, struct planned *set, __u32 *place)
{
	const struct sl_set_body *old = set->old ? dp_at(dp, set->old->body) : NULL;
	__u64 digest[2];

	sl_elems_digest(&set->conf->content->elems, digest);
	if (old && old->digest[0] == digest[0] && old->digest[1] == digest[1]) {
		set->kept = true;
		*place = set->old->body;
		return 0;
	}
	if (old && (!sl_roots_empty(&old->added) || !sl_roots_empty(&old->deleted)))
		return build_changed(dp, set->conf, old, digest, place);
	return dp_body_new(dp, set->conf->type[0], &set->conf->content->elems, digest, place);
}

/* --- names --- */

static int prepare_names(struct sl_dp *dp, struct planned *set, __u32 *place)
{
	const struct sl_names_body *old = set->old ? dp_at(dp, set->old->body) : NULL;
	struct sl_conf_elems *elems = &set->conf->content->elems;
	__u64 digest[2];

	sl_elems_digest(elems, digest);
	if (old && old->digest[0] == digest[0] && old->digest[1] == digest[1] &&
	    set->old->counters == set->conf->counters) {
		set->kept = true;
		*place = set->old->body;
		return 0;
	}
	return dp_names_new(dp, &elems->names, set->conf->counters, digest, old, place);
}

/* --- entries --- */

static bool is_entries(enum sl_set_kind kind)
{
	return kind == SL_SET_HASH || kind == SL_SET_TRIE;
}

#define DEFAULT_SIZE 65536U

static __u32 size_of(const struct sl_conf_set *conf)
{
	size_t count = conf->content->elems.count;

	return conf->size ?: count > DEFAULT_SIZE ? (__u32)count : DEFAULT_SIZE;
}

static int slot_find(const struct dp_sets *sets, enum sl_set_kind kind, __u32 *out)
{
	const struct sl_set *old = dp_sets_of(sets->dp, sets->old);
	bool used[SL_SET_MAPS] = {};
	size_t i;

	for (i = 0; old && i < sets->old->nsets; i++)
		if (old[i].kind == kind)
			used[old[i].map] = true;
	for (i = 0; i < sets->count; i++)
		if (sets->sets[i].fresh && sets->sets[i].kind == kind)
			used[sets->sets[i].place] = true;
	for (i = 0; i < SL_SET_MAPS; i++) {
		if (used[i])
			continue;
		*out = (__u32)i;
		return 0;
	}
	return dp_fail(sets->dp, -ENOSPC,
		       "more than %u sets with a timeout, with counters or of several parts",
		       SL_SET_MAPS);
}

struct copying {
	int to;
	enum sl_set_kind kind;
};

static int copy_entry(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	const struct copying *c = arg;

	return entry->flags & SL_ENTRY_CONFIGURED ? 0 : dp_entry_put(c->to, c->kind, key, entry);
}

/* Another size is another map: what was entered at run time goes over. */
static int map_grow(struct sl_dp *dp, struct planned *set, __u32 size)
{
	_cleanup_close_ int old = dp_set_map_get(dp, set->kind, set->old->map);
	struct copying c = { .to = set->fd, .kind = set->kind };
	int err;

	if (old < 0)
		return 0;
	err = dp_entries_each(old, copy_entry, &c);
	return err ? dp_fail(dp, err, "set '%s': its elements do not fit into %u", set->conf->name,
			     size)
		   : 0;
}

static int map_new(struct dp_sets *sets, struct planned *set, __u32 *place)
{
	__u32 size = size_of(set->conf);
	int err;

	err = slot_find(sets, set->kind, place);
	if (err)
		return err;
	set->fd = dp_set_map_new(sets->dp, set->kind, size);
	if (set->fd < 0)
		return set->fd;
	err = set->old ? map_grow(sets->dp, set, size) : 0;
	if (!err)
		err = dp_set_map_put(sets->dp, set->kind, *place, set->fd);
	set->fresh = !err;
	return err;
}

static int map_find(struct dp_sets *sets, struct planned *set, __u32 *place)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (!set->old)
		return map_new(sets, set, place);
	set->fd = dp_set_map_get(sets->dp, set->kind, set->old->map);
	if (set->fd >= 0 && !bpf_map_get_info_by_fd(set->fd, &info, &size) &&
	    info.max_entries == size_of(set->conf)) {
		*place = set->old->map;
		return 0;
	}
	dp_closep(&set->fd);
	return map_new(sets, set, place);
}

static int enter(struct sl_dp *dp, struct planned *set, const struct sl_conf_elem *elem)
{
	const struct sl_set_entry entry = { .flags = SL_ENTRY_CONFIGURED };
	struct sl_set_spec spec = sl_set_spec_of(set->conf);
	struct entered *to = &set->entered[set->nentered];
	int err;

	dp_entry_key(set->kind, &spec, elem, &to->key);
	to->was_there = !dp_entry_get(set->fd, set->kind, &to->key, &to->before);
	if (to->was_there && to->before.flags & SL_ENTRY_CONFIGURED)
		return 0;
	err = dp_entry_put(set->fd, set->kind, &to->key, &entry);
	if (err)
		return dp_fail(dp, err == -E2BIG || err == -ENOSPC ? -ENOSPC : err,
			       "set '%s' is full: its size is %u", set->conf->name,
			       size_of(set->conf));
	set->nentered++;
	return 0;
}

static int prepare_entries(struct dp_sets *sets, struct planned *set, __u32 *place)
{
	const struct sl_conf_elems *elems = &set->conf->content->elems;
	size_t i;
	int err;

	err = map_find(sets, set, place);
	if (err)
		return err;
	set->entered = calloc(elems->count + 1, sizeof(*set->entered));
	if (!set->entered)
		return dp_fail(sets->dp, -ENOMEM, "no memory");
	for (i = 0; i < elems->count && !err; i++)
		err = enter(sets->dp, set, &elems->v[i]);
	return err;
}

/* --- the whole --- */

static int prepare(struct dp_sets *sets, struct sl_conf *conf)
{
	size_t i;
	int err = 0;

	for (i = 0; i < conf->nsets && !err; i++) {
		struct planned *set = &sets->sets[i];

		set->conf = &conf->sets[i];
		set->kind = sl_set_kind_of(set->conf);
		set->fd = -1;
		set->old = find_old(sets, set->conf);
		sets->count = i + 1;
		if (set->kind == SL_SET_PLAIN)
			err = prepare_plain(sets->dp, set, &set->place);
		else if (set->kind == SL_SET_NAMES)
			err = prepare_names(sets->dp, set, &set->place);
		else
			err = prepare_entries(sets, set, &set->place);
		conf->sets[i].place = set->place;
	}
	return err;
}

int dp_sets_prepare(struct sl_dp *dp, struct sl_conf *conf)
{
	struct dp_sets *sets = calloc(1, sizeof(*sets));

	if (!sets)
		return dp_fail(dp, -ENOMEM, "no memory");
	dp->sets = sets;
	sets->dp = dp;
	sets->old = sl_dp_ruleset(dp);
	sets->sets = calloc(conf->nsets + 1, sizeof(*sets->sets));
	if (!sets->sets)
		return dp_fail(dp, -ENOMEM, "no memory");
	return dp_heap_settle(dp->heap) ?: prepare(sets, conf);
}

/* What the configuration had and has no more. */
static int drop_stale(void *arg, const union dp_key *key, const struct sl_set_entry *entry)
{
	const struct planned *set = arg;
	struct sl_set_spec spec = sl_set_spec_of(set->conf);
	const struct sl_conf_elems *elems = &set->conf->content->elems;
	struct sl_conf_elem elem;

	if (!(entry->flags & SL_ENTRY_CONFIGURED))
		return 0;
	dp_entry_elem(set->kind, &spec, key, &elem);
	if (!sl_elems_have(elems, &elem))
		bpf_map_delete_elem(set->fd, key);
	return 0;
}

/* The body or map that the old rule set had, unless the new one has it. */
static void old_drop(struct dp_sets *sets, struct sl_set *old)
{
	const struct planned *by = NULL;
	size_t i;

	for (i = 0; i < sets->count; i++)
		if (sets->sets[i].old == old)
			by = &sets->sets[i];
	if (old->kind == SL_SET_PLAIN) {
		if (!by || !by->kept)
			dp_body_free(sets->dp, old->body, !by);
	} else if (old->kind == SL_SET_NAMES) {
		if (!by || !by->kept)
			dp_names_free(sets->dp, old->body, !by);
	} else if (!by || by->fresh) {
		dp_set_map_drop(sets->dp, (enum sl_set_kind)old->kind, old->map);
	}
}

static void sets_freep(struct dp_sets **sets)
{
	size_t i;

	for (i = 0; i < (*sets)->count; i++) {
		dp_closep(&(*sets)->sets[i].fd);
		free((*sets)->sets[i].entered);
	}
	free((*sets)->sets);
	free(*sets);
	*sets = NULL;
}

void dp_sets_commit(struct sl_dp *dp)
{
	struct dp_sets *sets = dp->sets;
	struct sl_set *old = dp_sets_of(dp, sets->old);
	struct sl_set *new = dp_sets_of(dp, sl_dp_ruleset(dp));
	size_t i;

	for (i = 0; i < sets->count; i++) {
		if (sets->sets[i].old)
			new[i].refused += sets->sets[i].old->refused;
		/* Millions of names are in the arena, and read again when they are wanted. */
		if (sets->sets[i].kind == SL_SET_NAMES)
			sl_set_content_drop(sets->sets[i].conf);
		if (is_entries(sets->sets[i].kind) && !sets->sets[i].fresh)
			dp_entries_each(sets->sets[i].fd, drop_stale, &sets->sets[i]);
	}
	for (i = 0; old && i < sets->old->nsets; i++)
		old_drop(sets, &old[i]);
	sets_freep(&dp->sets);
}

static void enter_undo(const struct planned *set, const struct entered *entered)
{
	if (entered->was_there)
		dp_entry_put(set->fd, set->kind, &entered->key, &entered->before);
	else
		bpf_map_delete_elem(set->fd, &entered->key);
}

static void planned_undo(struct sl_dp *dp, struct planned *set)
{
	size_t i;

	if (set->kind == SL_SET_PLAIN) {
		if (!set->kept && set->place)
			dp_body_free(dp, set->place, false);
	} else if (set->kind == SL_SET_NAMES) {
		if (!set->kept && set->place)
			dp_names_free(dp, set->place, false);
	} else if (set->fresh) {
		dp_set_map_drop(dp, set->kind, set->place);
	} else {
		for (i = 0; i < set->nentered; i++)
			enter_undo(set, &set->entered[i]);
	}
}

void dp_sets_undo(struct sl_dp *dp)
{
	size_t i;

	if (!dp->sets)
		return;
	for (i = 0; i < dp->sets->count; i++)
		planned_undo(dp, &dp->sets->sets[i]);
	sets_freep(&dp->sets);
}

/* --- after a restart --- */

static void mark_body(struct sl_dp *dp, __u32 at)
{
	const struct sl_set_body *body = dp_at(dp, at);

	dp_heap_mark(dp->heap, at, DP_BODY_SIZE);
	sl_roots_blocks(&dp->heap->heap, &body->now, dp_heap_mark, dp->heap);
	sl_roots_blocks(&dp->heap->heap, &body->added, dp_heap_mark, dp->heap);
	sl_roots_blocks(&dp->heap->heap, &body->deleted, dp_heap_mark, dp->heap);
}

/* Maps of a rule set that did not come into force. */
static void drop_unused_maps(struct sl_dp *dp, const struct sl_set *sets, __u32 count)
{
	bool used[SL_SET_KIND_MAX_][SL_SET_MAPS] = {};
	__u32 i, kind;

	for (i = 0; i < count; i++)
		if (is_entries((enum sl_set_kind)sets[i].kind))
			used[sets[i].kind][sets[i].map] = true;
	for (kind = SL_SET_HASH; kind <= SL_SET_TRIE; kind++)
		for (i = 0; i < SL_SET_MAPS; i++)
			if (!used[kind][i])
				dp_set_map_drop(dp, (enum sl_set_kind)kind, i);
}

int dp_sets_recover(struct sl_dp *dp)
{
	const struct sl_ruleset *rules = sl_dp_ruleset(dp);
	struct sl_set *sets = dp_sets_of(dp, rules);
	__u32 i, count = sets ? rules->nsets : 0;
	int err;

	for (i = 0; i < count; i++)
		if (sets[i].kind == SL_SET_PLAIN)
			mark_body(dp, sets[i].body);
		else if (sets[i].kind == SL_SET_NAMES)
			dp_names_blocks(dp, sets[i].body, dp_heap_mark, dp->heap);
	drop_unused_maps(dp, sets, count);
	/* Programs may have been reading what is not marked when the process before ended. */
	err = dp_grace(dp);
	for (i = 0; i < count && !err; i++)
		if (sets[i].kind == SL_SET_PLAIN)
			err = dp_body_redo(dp, &sets[i]);
		else if (sets[i].kind == SL_SET_NAMES)
			err = dp_names_redo(dp, sets[i].body);
	return err;
}
