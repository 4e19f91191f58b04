/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "sweep.h"

#include "daemon.h"
#include "log.h"
#include "reload.h"

#define SECOND 1000000ULL

static void say_full(void *arg, const char *name, __u64 refused)
{
	(void)arg;
	sl_warning("set '%s' is full: %llu more bans found no room", name,
		   (unsigned long long)refused);
}

static void on_second(void *data)
{
	struct sl_daemon *daemon = data;

	/* A reload looks at the same sets in a thread of its own. */
	if (sl_dp_started(daemon->dp) && !sl_reload_busy(daemon))
		sl_dp_sets_sweep(daemon->dp, say_full, NULL);
}

int sl_sweep_open(struct sl_daemon *daemon)
{
	int err = sl_timer_open(&daemon->loop, &daemon->second, on_second, daemon);

	if (!err)
		sl_timer_set(&daemon->second, SECOND, SECOND);
	return err;
}
