/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "datapath.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpffs.h"
#include "cleanup.h"
#include "config.h"
#include "daemon.h"
#include "dp.h"
#include "events.h"
#include "log.h"

const char *sl_datapath_error(const struct sl_daemon *daemon, int err)
{
	const char *words = sl_dp_error(daemon->dp);

	return words && *words ? words : strerror(-err);
}

int sl_datapath_open(struct sl_daemon *daemon)
{
	int err;

	err = sl_bpffs_mount(daemon->opts->pin_dir);
	if (err)
		return err;
	err = sl_dp_new(&daemon->dp, daemon->opts->pin_dir);
	if (err)
		sl_error("data path: %s", strerror(-err));
	return err;
}

static void say(char **words, const char *text)
{
	*words = strdup(text);
}

static void say_protocol(const struct sl_daemon *daemon, char **words)
{
	if (asprintf(
		    words,
		    "%s: what is pinned in '%s' was left by another version of Sluice and goes on as it is; 'sluicectl detach --all --pin-dir %s' removes it, then sluiced can start",
		    sl_dp_error(daemon->dp), daemon->opts->pin_dir, daemon->opts->pin_dir) < 0)
		*words = NULL;
}

int sl_datapath_prepare(struct sl_daemon *daemon, struct sl_conf *conf, char **words)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_dp_prepare(daemon->dp, conf, &diag);
	*words = sl_config_diag_text(&diag);
	if (err && (!*words || !**words)) {
		free(*words);
		say(words, sl_datapath_error(daemon, err));
	}
	return err;
}

int sl_datapath_apply(struct sl_daemon *daemon, struct sl_conf *conf, char **words)
{
	return sl_datapath_prepare(daemon, conf, words) ?: sl_dp_commit(daemon->dp);
}

int sl_datapath_start(struct sl_daemon *daemon, struct sl_conf *conf, char **words)
{
	bool new;
	int err;

	err = sl_dp_start(daemon->dp);
	if (err == -EPROTO)
		say_protocol(daemon, words);
	else if (err)
		say(words, sl_datapath_error(daemon, err));
	if (err)
		return err;
	err = sl_events_watch(daemon->events);
	if (err)
		return err;
	new = !sl_dp_ruleset(daemon->dp);
	err = sl_datapath_apply(daemon, conf, words);
	if (err && new)
		sl_datapath_remove(daemon);
	return err;
}

int sl_datapath_remove(struct sl_daemon *daemon)
{
	if (!sl_dp_started(daemon->dp))
		return 0;
	sl_events_unwatch(daemon->events);
	return sl_dp_remove(daemon->dp);
}
