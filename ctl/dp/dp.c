// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "dp.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "private.h"
#include "set_maps.h"

_Thread_local char dp_error[512];

const char *dp_words(int err)
{
	static _Thread_local char words[128];

	snprintf(words, sizeof(words), "%s", strerror(abs(err)));
	/* The kernel's own ENOTSUPP, which no header has: drivers refuse XDP with it. */
	if (abs(err) == 524)
		snprintf(words, sizeof(words), "operation not supported");
	words[0] = (char)tolower((unsigned char)words[0]);
	return words;
}

int dp_fail(struct sl_dp *dp, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(dp_error, sizeof(dp_error), format, args);
	va_end(args);
	return err;
}

const char *sl_dp_error(const struct sl_dp *dp)
{
	return dp_error;
}

int sl_dp_new(struct sl_dp **out, const char *pin_dir)
{
	_cleanup_(sl_dp_freep) struct sl_dp *dp = NULL;

	dp = calloc(1, sizeof(*dp));
	if (!dp)
		return -ENOMEM;
	dp->set_maps[SL_SET_HASH] = dp->set_maps[SL_SET_TRIE] = -1;
	dp->lock_fd = dp->arena_fd = dp->grace_outer = dp->grace_inner = -1;
	dp_maps_init(dp);
	if (pin_dir) {
		dp->pin_dir = strdup(pin_dir);
		if (!dp->pin_dir)
			return -ENOMEM;
	}
	dp_log_init();
	*out = TAKE_PTR(dp);
	return 0;
}

void sl_dp_freep(struct sl_dp **dp)
{
	if (!*dp)
		return;
	dp_tap_freep(&(*dp)->tap);
	dp_prog_freep(&(*dp)->run);
	dp_prog_freep(&(*dp)->run_rest);
	dp_arena_close(*dp);
	free((*dp)->pin_dir);
	free(*dp);
	*dp = NULL;
}

/* A directory that a start which failed has made is empty. */
static void start_undo(struct sl_dp *dp)
{
	bool locked = dp->lock_fd >= 0;

	dp_arena_close(dp);
	if (locked)
		dp_rmdir(dp, ".");
}

int sl_dp_start(struct sl_dp *dp)
{
	int err;

	if (dp->base)
		return 0;
	err = dp_arena_open(dp);
	if (!err)
		err = dp_grace_open(dp);
	if (!err)
		err = dp_heap_open(dp);
	if (!err)
		err = dp_sets_recover(dp);
	if (!err && dp->pin_dir)
		err = dp_recover(dp);
	if (err)
		start_undo(dp);
	return err;
}

bool sl_dp_started(const struct sl_dp *dp)
{
	return dp->base;
}

/* Works from the pins alone, so that it also removes what another version left. */
int sl_dp_remove(struct sl_dp *dp)
{
	_cleanup_free_ int *ifindexes = NULL;
	size_t count = 0;
	size_t i;
	int first = 0;
	int err;

	if (!dp->pin_dir)
		return 0;
	err = dp_pins_lock(dp);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = dp_pins_list(dp, &ifindexes, &count);
	if (err)
		return err;
	for (i = 0; i < count; i++) {
		err = dp_detach_pinned(dp, ifindexes[i]);
		first = first ?: err;
	}
	if (first)
		return first;
	dp_rmdir(dp, "if");
	dp_set_maps_unpin(dp);
	dp_memos_drop(dp);
	dp_maps_unpin(dp);
	dp_unpin(dp, "arena");
	dp_rmdir(dp, ".");
	dp_libxdp_rmdir();
	dp_arena_close(dp);
	return 0;
}
