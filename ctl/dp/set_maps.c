// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The kernel's maps that hold entries of sets: two maps of maps, and what is in their slots. */

#include "dp.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "private.h"
#include "set_maps.h"

static const struct {
	const char *name;
	const char *inner;
	const char *pin;
	enum bpf_map_type type;
	__u32 key;
} kinds[SL_SET_KIND_MAX_] = {
	[SL_SET_HASH] = { SL_MAP_SETS, "sluice_set", "sets", BPF_MAP_TYPE_HASH,
			  sizeof(struct sl_set_key) },
	[SL_SET_TRIE] = { SL_MAP_TRIES, "sluice_trie", "tries", BPF_MAP_TYPE_LPM_TRIE,
			  sizeof(struct sl_set_prefix) },
};

int dp_set_map_new(struct sl_dp *dp, enum sl_set_kind kind, __u32 size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(kinds[kind].type, kinds[kind].inner, kinds[kind].key,
				sizeof(struct sl_set_entry), size, &opts);

	if (fd < 0)
		return dp_fail(dp, fd, "map for a set of %u elements: %s", size, dp_words(fd));
	return fd;
}

static int outer_new(struct sl_dp *dp, enum sl_set_kind kind)
{
	_cleanup_close_ int inner = dp_set_map_new(dp, kind, 1);
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int fd;

	if (inner < 0)
		return inner;
	opts.inner_map_fd = (__u32)inner;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, kinds[kind].name, 4, 4, SL_SET_MAPS, &opts);
	if (fd < 0)
		return dp_fail(dp, fd, "map of sets: %s", dp_words(fd));
	dp->set_maps[kind] = fd;
	return 0;
}

int dp_set_maps_make(struct sl_dp *dp)
{
	return outer_new(dp, SL_SET_HASH) ?: outer_new(dp, SL_SET_TRIE);
}

void dp_set_maps_unpin(struct sl_dp *dp)
{
	dp_unpin(dp, "%s", kinds[SL_SET_HASH].pin);
	dp_unpin(dp, "%s", kinds[SL_SET_TRIE].pin);
}

int dp_set_maps_pin(struct sl_dp *dp)
{
	int kind, err = 0;

	for (kind = SL_SET_HASH; kind <= SL_SET_TRIE && !err; kind++) {
		/* Of a start that did not come to its end. */
		err = dp_unpin(dp, "%s", kinds[kind].pin);
		if (!err)
			err = dp_pin(dp, dp->set_maps[kind], "%s", kinds[kind].pin);
	}
	return err;
}

int dp_set_maps_adopt(struct sl_dp *dp)
{
	int kind, fd;

	for (kind = SL_SET_HASH; kind <= SL_SET_TRIE; kind++) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);

		fd = dp_pin_get(dp, "%s", kinds[kind].pin);
		if (fd < 0 && fd != -ENOENT)
			return fd;
		dp->set_maps[kind] = fd;
		if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) ||
		    info.type != BPF_MAP_TYPE_ARRAY_OF_MAPS || info.max_entries != SL_SET_MAPS)
			return dp_fail(
				dp, -EPROTO,
				"'%s/%s' is missing or of another version of Sluice, the data path there was left alone: 'sluicectl detach --all' removes it",
				dp->pin_dir, kinds[kind].pin);
	}
	return 0;
}

void dp_set_maps_close(struct sl_dp *dp)
{
	dp_closep(&dp->set_maps[SL_SET_HASH]);
	dp_closep(&dp->set_maps[SL_SET_TRIE]);
}

int dp_set_map_get(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot)
{
	__u32 id = 0;
	int err;

	err = bpf_map_lookup_elem(dp->set_maps[kind], &slot, &id);
	if (err)
		return err;
	return bpf_map_get_fd_by_id(id);
}

int dp_set_map_put(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot, int fd)
{
	int err = bpf_map_update_elem(dp->set_maps[kind], &slot, &fd, BPF_ANY);

	return err ? dp_fail(dp, err, "map of sets: %s", dp_words(err)) : 0;
}

void dp_set_map_drop(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot)
{
	bpf_map_delete_elem(dp->set_maps[kind], &slot);
}

void dp_entry_key(enum sl_set_kind kind, const struct sl_set_spec *spec,
		  const struct sl_conf_elem *elem, union dp_key *key)
{
	memset(key, 0, sizeof(*key));
	if (kind == SL_SET_TRIE)
		sl_elem_prefix(elem, &key->prefix);
	else
		sl_elem_key(spec, elem, &key->key);
}

void dp_entry_elem(enum sl_set_kind kind, const struct sl_set_spec *spec, const union dp_key *key,
		   struct sl_conf_elem *elem)
{
	if (kind == SL_SET_TRIE)
		sl_prefix_elem(&key->prefix, elem);
	else
		sl_key_elem(spec, &key->key, elem);
}

int dp_entry_put(int fd, enum sl_set_kind kind, const union dp_key *key,
		 const struct sl_set_entry *entry)
{
	struct sl_set_entry copy = *entry;

	if (kind == SL_SET_TRIE)
		copy.bits = key->prefix.bits;
	return bpf_map_update_elem(fd, key, &copy, BPF_ANY);
}

/* A trie's lookup finds the longest prefix that has the key in it, not the key. */
int dp_entry_get(int fd, enum sl_set_kind kind, const union dp_key *key, struct sl_set_entry *out)
{
	int err = bpf_map_lookup_elem(fd, key, out);

	if (!err && kind == SL_SET_TRIE && out->bits != key->prefix.bits)
		err = -ENOENT;
	return err;
}

int dp_entries_each(int fd,
		    int (*call)(void *arg, const union dp_key *key,
				const struct sl_set_entry *entry),
		    void *arg)
{
	union dp_key key, next;
	struct sl_set_entry entry;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);
	int err = 0;

	while (more && !err) {
		/* The next one first: the call may delete this one. */
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &entry))
			err = call(arg, &key, &entry);
	}
	return err;
}
