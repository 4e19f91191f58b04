// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The maps beside the arena that all programs share: made, pinned, found again. */

#include "dp.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "event.h"
#include "frag.h"
#include "limit.h"
#include "private.h"

static const struct shared_map {
	const char *name; /* in the programs */
	const char *pin;
	struct bpf_map_info info;
} shared_maps[DP_MAP_MAX_] = {
	[DP_MAP_FRAGS] = { SL_MAP_FRAGS,
			   "frags",
			   { .type = BPF_MAP_TYPE_LRU_HASH,
			     .key_size = sizeof(struct sl_frag_key),
			     .value_size = sizeof(struct sl_frag),
			     .max_entries = SL_FRAG_ENTRIES } },
	[DP_MAP_LIMITS] = { SL_MAP_LIMITS,
			    "limits",
			    { .type = BPF_MAP_TYPE_LRU_HASH,
			      .key_size = sizeof(struct sl_limit_key),
			      .value_size = sizeof(__u64),
			      .max_entries = SL_LIMIT_ENTRIES } },
	[DP_MAP_EVENTS] = { SL_MAP_EVENTS,
			    "events",
			    { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = SL_EVENTS_SIZE } },
};

void dp_maps_init(struct sl_dp *dp)
{
	int i;

	for (i = 0; i < DP_MAP_MAX_; i++)
		dp->map_fds[i] = -1;
}

void dp_maps_close(struct sl_dp *dp)
{
	int i;

	for (i = 0; i < DP_MAP_MAX_; i++)
		dp_closep(&dp->map_fds[i]);
}

int dp_maps_make(struct sl_dp *dp)
{
	const struct shared_map *map;
	int i;

	for (i = 0; i < DP_MAP_MAX_; i++) {
		map = &shared_maps[i];
		dp->map_fds[i] = bpf_map_create(map->info.type, map->name, map->info.key_size,
						map->info.value_size, map->info.max_entries, NULL);
		if (dp->map_fds[i] < 0)
			return dp_fail(dp, dp->map_fds[i], "map '%s': the kernel refused it: %s",
				       map->pin, dp_words(dp->map_fds[i]));
	}
	return 0;
}

void dp_maps_unpin(struct sl_dp *dp)
{
	int i;

	for (i = 0; i < DP_MAP_MAX_; i++)
		dp_unpin(dp, "%s", shared_maps[i].pin);
}

int dp_maps_pin(struct sl_dp *dp)
{
	int i, err = 0;

	for (i = 0; i < DP_MAP_MAX_ && !err; i++) {
		/* Of a start that did not come to its end. */
		err = dp_unpin(dp, "%s", shared_maps[i].pin);
		if (!err)
			err = dp_pin(dp, dp->map_fds[i], "%s", shared_maps[i].pin);
	}
	return err;
}

int dp_map_check(struct sl_dp *dp, int fd, const char *pin, const struct bpf_map_info *want)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int err;

	err = bpf_map_get_info_by_fd(fd, &info, &size);
	if (err)
		return dp_fail(dp, err, "pin '%s/%s': %s", dp->pin_dir, pin, dp_words(err));
	if (info.type != want->type || info.key_size != want->key_size ||
	    info.value_size != want->value_size || info.max_entries != want->max_entries ||
	    info.map_flags != want->map_flags || info.map_extra != want->map_extra)
		return dp_fail(dp, -EPROTO,
			       "'%s/%s' is of another version of Sluice and " DP_OTHER_VERSION,
			       dp->pin_dir, pin);
	return 0;
}

int dp_maps_adopt(struct sl_dp *dp)
{
	int i, err = 0;

	for (i = 0; i < DP_MAP_MAX_ && !err; i++) {
		const struct shared_map *map = &shared_maps[i];

		dp->map_fds[i] = dp_pin_get(dp, "%s", map->pin);
		if (dp->map_fds[i] == -ENOENT)
			return dp_fail(dp, -EPROTO,
				       "'%s/%s' is missing, the data path there " DP_OTHER_VERSION,
				       dp->pin_dir, map->pin);
		if (dp->map_fds[i] < 0)
			return dp->map_fds[i];
		err = dp_map_check(dp, dp->map_fds[i], map->pin, &map->info);
	}
	return err;
}

/* What kind of maps an object declares is checked: see bpf_map__reuse_fd(). */
int dp_maps_reuse(struct sl_dp *dp, struct bpf_object *obj)
{
	struct bpf_map *map;
	int i, err = 0;

	for (i = 0; i < DP_MAP_MAX_ && !err; i++) {
		map = bpf_object__find_map_by_name(obj, shared_maps[i].name);
		err = map ? bpf_map__reuse_fd(map, dp->map_fds[i]) : -ENOENT;
	}
	return err;
}

int sl_dp_events_fd(const struct sl_dp *dp)
{
	return dp->map_fds[DP_MAP_EVENTS];
}
