// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * The arena and the fragment map: made, pinned, mapped; or found, checked, mapped. A mapping is not
 * inherited by a fork, and there is one arena address, so a process can have one arena at a time.
 *
 * What is pinned is complete: the pin of the arena is made last and removed last.
 */

#include "dp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <bpf/bpf.h>

#include "heap.h"
#include "private.h"
#include "set_maps.h"

#define ARENA_SIZE ((__u64)SL_ARENA_PAGES * SL_PAGE_SIZE)

/* Programs index by CPU number: what counts is the highest possible one, not how many there are. */
static int count_cpus(struct sl_dp *dp, __u32 *out)
{
	static const char path[] = "/sys/devices/system/cpu/possible";
	char text[256];
	size_t end;
	FILE *file;
	bool read;

	file = fopen(path, "re");
	if (!file)
		return dp_fail(dp, -errno, "'%s': %s", path, dp_words(errno));
	read = fgets(text, sizeof(text), file);
	fclose(file);
	if (!read)
		return dp_fail(dp, -EIO, "'%s': nothing to read", path);

	end = strcspn(text, "\n");
	text[end] = '\0';
	while (end && text[end - 1] != '-' && text[end - 1] != ',')
		end--;
	*out = (__u32)strtoul(text + end, NULL, 10) + 1;
	if (!*out || *out > SL_MAX_CPUS)
		return dp_fail(dp, -E2BIG, "%u processors are more than the %u that Sluice counts",
			       *out, SL_MAX_CPUS);
	return 0;
}

/* Rule counters of one CPU: the largest power of two that fits, at most 16 MiB (a million). */
static __u32 rule_shift(__u32 ncpus)
{
	__u32 shift = 24;

	while ((__u64)ncpus << shift > SL_ARENA_RULE_SIZE)
		shift--;
	return shift;
}

int dp_arena_touch(struct sl_dp *dp, __u32 offset, __u64 size)
{
	__u32 start = offset & ~(SL_PAGE_SIZE - 1);
	__u64 len = (__u64)offset + size - start;

	len = (len + SL_PAGE_SIZE - 1) & ~(__u64)(SL_PAGE_SIZE - 1);
	if (madvise(dp_at(dp, start), len, MADV_POPULATE_WRITE))
		return dp_fail(dp, -ENOMEM, "arena: no memory for %llu bytes more (%s)",
			       (unsigned long long)len, dp_words(errno));
	return 0;
}

static int arena_map(struct sl_dp *dp)
{
	void *at = (void *)SL_ARENA_ADDR; /* NOLINT(performance-no-int-to-ptr) */
	void *base = mmap(at, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
			  dp->arena_fd, 0);

	if (base == MAP_FAILED && errno == EEXIST)
		return dp_fail(dp, -EEXIST,
			       "arena: this process has another one mapped, and can have only one");
	if (base == MAP_FAILED)
		return dp_fail(dp, -errno, "arena: mapping 4 GiB of address space failed: %s",
			       dp_words(errno));
	dp->base = base;
	dp->root = dp_at(dp, SL_ARENA_ROOT);
	return 0;
}

/* Made once, for what lies in the arena is found by it. */
static int name_key_make(struct sl_dp *dp)
{
	const size_t whole = 256; /* more may be cut short by a signal */
	char *key = dp_at(dp, SL_ARENA_NAME_KEY);
	size_t done, size;
	int err;

	err = dp_arena_touch(dp, SL_ARENA_NAME_KEY, sizeof(struct sl_name_key));
	for (done = 0; done < sizeof(struct sl_name_key) && !err; done += size) {
		size = sizeof(struct sl_name_key) - done;
		size = size < whole ? size : whole;
		while (getrandom(key + done, size, 0) < 0 && !err)
			err = errno == EINTR
				      ? 0
				      : dp_fail(dp, -errno, "random numbers: %s", dp_words(errno));
	}
	return err;
}

static int arena_make(struct sl_dp *dp)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE,
		    .map_extra = SL_ARENA_ADDR);
	int err;

	dp->arena_fd =
		bpf_map_create(BPF_MAP_TYPE_ARENA, SL_MAP_ARENA, 0, 0, SL_ARENA_PAGES, &opts);
	if (dp->arena_fd < 0)
		return dp_fail(
			dp, dp->arena_fd, "arena: the kernel refused it: %s%s",
			dp_words(dp->arena_fd),
			dp->arena_fd == -EPERM
				? " (needs root, or the capabilities BPF, PERFMON and NET_ADMIN)"
				: " (needs Linux 6.9 with JIT on x86-64 or arm64)");
	err = arena_map(dp);
	if (!err)
		err = dp_arena_touch(dp, SL_ARENA_ROOT, sizeof(*dp->root));
	if (!err)
		err = dp_arena_touch(dp, SL_ARENA_STATE, sizeof(struct sl_state));
	if (!err)
		err = dp_arena_touch(dp, SL_ARENA_NOTE, SL_MAX_IFACES * sizeof(struct sl_note));
	if (!err)
		err = name_key_make(dp);
	if (err)
		return err;
	dp->root->abi = SL_ABI_VERSION;
	dp->root->ncpus = dp->ncpus;
	dp->root->rule_shift = dp->rule_shift;
	dp->root->magic = SL_MAGIC;
	return 0;
}

static int pin_maps(struct sl_dp *dp)
{
	int err;

	err = dp_maps_pin(dp);
	if (!err)
		err = dp_set_maps_pin(dp);
	if (!err)
		err = dp_pin(dp, dp->arena_fd, "arena");
	if (err) {
		dp_set_maps_unpin(dp);
		dp_maps_unpin(dp);
	}
	return err;
}

static int make(struct sl_dp *dp)
{
	int err;

	err = arena_make(dp);
	if (!err)
		err = dp_maps_make(dp);
	if (!err)
		err = dp_set_maps_make(dp);
	if (err || !dp->pin_dir)
		return err;
	return pin_maps(dp);
}

static int root_check(struct sl_dp *dp)
{
	const struct sl_root *root = dp->root;

	if (root->magic != SL_MAGIC)
		return dp_fail(dp, -EPROTO, "'%s/arena' is not Sluice's and " DP_OTHER_VERSION,
			       dp->pin_dir);
	if (root->abi != SL_ABI_VERSION)
		return dp_fail(
			dp, -EPROTO,
			"the data path in '%s' has layout %u, this is layout %d: it " DP_OTHER_VERSION,
			dp->pin_dir, root->abi, SL_ABI_VERSION);
	if (root->ncpus != dp->ncpus || root->rule_shift != dp->rule_shift)
		return dp_fail(
			dp, -EPROTO,
			"the data path in '%s' counts on %u processors, this host has %u: it " DP_OTHER_VERSION,
			dp->pin_dir, root->ncpus, dp->ncpus);
	return 0;
}

static int adopt(struct sl_dp *dp)
{
	static const struct bpf_map_info arena = {
		.type = BPF_MAP_TYPE_ARENA,
		.max_entries = SL_ARENA_PAGES,
		.map_flags = BPF_F_MMAPABLE,
		.map_extra = SL_ARENA_ADDR,
	};
	int err;

	err = dp_map_check(dp, dp->arena_fd, "arena", &arena);
	if (!err)
		err = dp_maps_adopt(dp);
	if (!err)
		err = arena_map(dp);
	if (!err)
		err = root_check(dp);
	return err ?: dp_set_maps_adopt(dp);
}

/* Programs that run without their pinned arena would run on unseen beside a new one. */
static int check_no_programs(struct sl_dp *dp)
{
	_cleanup_free_ int *ifindexes = NULL;
	size_t count = 0;
	int err;

	err = dp_pins_list(dp, &ifindexes, &count);
	if (!err && count)
		return dp_fail(
			dp, -EPROTO,
			"'%s/if' holds programs, but their arena is gone: it " DP_OTHER_VERSION,
			dp->pin_dir);
	return err;
}

static int open_pinned(struct sl_dp *dp)
{
	int err;

	err = dp_pins_check(dp);
	if (!err)
		err = dp_mkdir(dp, ".");
	if (!err)
		err = dp_pins_lock(dp);
	if (err)
		return err;
	dp->arena_fd = dp_pin_get(dp, "arena");
	if (dp->arena_fd >= 0)
		return adopt(dp);
	if (dp->arena_fd != -ENOENT)
		return dp->arena_fd;
	return check_no_programs(dp) ?: make(dp);
}

int dp_arena_open(struct sl_dp *dp)
{
	int err;

	err = count_cpus(dp, &dp->ncpus);
	if (err)
		return err;
	dp->rule_shift = rule_shift(dp->ncpus);
	return dp->pin_dir ? open_pinned(dp) : make(dp);
}

void dp_arena_close(struct sl_dp *dp)
{
	dp_sets_undo(dp);
	dp_heap_freep(&dp->heap);
	free(dp->flow_rules);
	dp->flow_rules = NULL;
	dp_set_maps_close(dp);
	if (dp->base)
		munmap(dp->base, ARENA_SIZE);
	dp->base = NULL;
	dp->root = NULL;
	dp_closep(&dp->lock_fd);
	dp_closep(&dp->arena_fd);
	dp_maps_close(dp);
	dp_closep(&dp->grace_outer);
	dp_closep(&dp->grace_inner);
}

/*
 * The kernel updates a slot of an array of maps and then waits until every program that could hold
 * the old one has ended. That is the wait that we want; membarrier() does not wait where one CPU is
 * online.
 */
int dp_grace_open(struct sl_dp *dp)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	dp->grace_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sluice_grace", 4, 4, 1, NULL);
	if (dp->grace_inner < 0)
		return dp_fail(dp, dp->grace_inner, "map: %s", dp_words(dp->grace_inner));
	opts.inner_map_fd = (__u32)dp->grace_inner;
	dp->grace_outer =
		bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sluice_grace", 4, 4, 1, &opts);
	if (dp->grace_outer < 0)
		return dp_fail(dp, dp->grace_outer, "map of maps: %s", dp_words(dp->grace_outer));
	return 0;
}

int dp_grace(struct sl_dp *dp)
{
	__u32 zero = 0;
	int err;

	err = bpf_map_update_elem(dp->grace_outer, &zero, &dp->grace_inner, BPF_ANY);
	if (err)
		return dp_fail(dp, err, "waiting for running programs failed: %s", dp_words(err));
	return 0;
}
