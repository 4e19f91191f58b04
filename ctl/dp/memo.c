// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Memos: a pinned map of one element each. They go where the data path goes: what they say is about
 * programs and rules that run, and is as false as a file would be after these are gone.
 */

#include "dp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "private.h"

#define MEMO_MAP "sluice_memo"
#define MEMO_MAX (1U << 30)

/* What was put; the map's value may be longer than that. */
struct memo {
	__u64 size;
	char bytes[];
};

/* All that there may be: sl_dp_remove knows no others. */
static const char *const names[] = { "confirm", "detached" };

static int check_name(struct sl_dp *dp, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return dp->pin_dir ? 0 : dp_fail(dp, -EINVAL, "nothing is pinned");
	return dp_fail(dp, -EINVAL, "there is no memo '%s'", name);
}

static int memo_make(struct sl_dp *dp, const char *name, const void *bytes, size_t size, int *fd)
{
	_cleanup_free_ struct memo *memo = NULL;
	__u32 zero = 0;
	int err;

	if (size > MEMO_MAX)
		return dp_fail(dp, -E2BIG, "memo '%s' of %zu bytes is too long", name, size);
	memo = malloc(sizeof(*memo) + size);
	if (!memo)
		return dp_fail(dp, -ENOMEM, "memo '%s': no memory", name);
	memo->size = size;
	memcpy(memo->bytes, bytes, size);
	*fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, MEMO_MAP, 4, (__u32)(sizeof(*memo) + size), 1,
			     NULL);
	err = *fd < 0 ? *fd : bpf_map_update_elem(*fd, &zero, memo, BPF_ANY);
	if (err)
		return dp_fail(dp, err, "memo '%s': %s", name, dp_words(err));
	return 0;
}

int sl_dp_memo_put(struct sl_dp *dp, const char *name, const void *bytes, size_t size)
{
	_cleanup_close_ int fd = -1;
	char from[64], to[64];
	int err;

	err = check_name(dp, name);
	if (!err)
		err = memo_make(dp, name, bytes, size, &fd);
	if (!err)
		err = dp_mkdir(dp, "memo");
	if (!err)
		err = dp_unpin(dp, "memo/%s-new", name);
	if (!err)
		err = dp_pin(dp, fd, "memo/%s-new", name);
	if (err)
		return err;
	snprintf(from, sizeof(from), "memo/%s-new", name);
	snprintf(to, sizeof(to), "memo/%s", name);
	return dp_pin_rename(dp, from, to);
}

static int memo_read(struct sl_dp *dp, const char *name, int fd, struct memo **out)
{
	_cleanup_free_ struct memo *memo = NULL;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), zero = 0;
	int err;

	err = bpf_map_get_info_by_fd(fd, &info, &size);
	if (!err && (info.type != BPF_MAP_TYPE_ARRAY || info.value_size < sizeof(*memo)))
		err = -EPROTO;
	if (err)
		return dp_fail(dp, err, "memo '%s': %s", name, dp_words(err));
	/* The kernel copies in units of 8. */
	memo = malloc((info.value_size + 7ULL) / 8 * 8 + 1);
	err = memo ? bpf_map_lookup_elem(fd, &zero, memo) : -ENOMEM;
	if (!err && memo->size > info.value_size - sizeof(*memo))
		err = -EPROTO;
	if (err)
		return dp_fail(dp, err, "memo '%s': %s", name, dp_words(err));
	*out = TAKE_PTR(memo);
	return 0;
}

int sl_dp_memo_get(struct sl_dp *dp, const char *name, char **out, size_t *size)
{
	_cleanup_free_ struct memo *memo = NULL;
	_cleanup_close_ int fd = -1;
	size_t length;
	int err;

	err = check_name(dp, name);
	if (err)
		return err;
	fd = dp_pin_get(dp, "memo/%s", name);
	if (fd < 0)
		return fd;
	err = memo_read(dp, name, fd, &memo);
	if (err)
		return err;
	length = memo->size;
	*out = (char *)TAKE_PTR(memo);
	memmove(*out, *out + sizeof(struct memo), length);
	(*out)[length] = 0;
	*size = length;
	return 0;
}

int sl_dp_memo_drop(struct sl_dp *dp, const char *name)
{
	int err = check_name(dp, name);

	return err ?: dp_unpin(dp, "memo/%s", name);
}

void dp_memos_drop(struct sl_dp *dp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		dp_unpin(dp, "memo/%s", names[i]);
		dp_unpin(dp, "memo/%s-new", names[i]);
	}
	dp_rmdir(dp, "memo");
}
