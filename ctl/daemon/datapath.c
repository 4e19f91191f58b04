/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "datapath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffs.h"
#include "cleanup.h"
#include "config.h"
#include "daemon.h"
#include "dp.h"
#include "log.h"

const char *sl_datapath_error(const struct sl_daemon *daemon, int err)
{
	const char *words = sl_dp_error(daemon->dp);

	return words && *words ? words : strerror(-err);
}

/* The lock is on the directory itself: whoever pins there holds it, whatever else differs. */
static int pin_lock(struct sl_daemon *daemon)
{
	const char *dir = daemon->opts->pin_dir;
	int fd;

	if (daemon->pin_lock >= 0)
		return 0;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(fd);
		return err;
	}
	daemon->pin_lock = fd;
	return 0;
}

static void pin_unlock(struct sl_daemon *daemon)
{
	if (daemon->pin_lock >= 0)
		close(daemon->pin_lock);
	daemon->pin_lock = -1;
}

static const char *lock_words(int err)
{
	return err == -EBUSY ? "another sluiced runs with it" : strerror(-err);
}

int sl_datapath_open(struct sl_daemon *daemon)
{
	const char *dir = daemon->opts->pin_dir;
	int err;

	err = sl_bpffs_mount(dir);
	if (err)
		return err;
	err = pin_lock(daemon);
	if (err) {
		sl_error("pin directory '%s': %s", dir, lock_words(err));
		return err;
	}
	err = sl_dp_new(&daemon->dp, dir);
	if (err)
		sl_error("data path: %s", strerror(-err));
	return err;
}

void sl_datapath_close(struct sl_daemon *daemon)
{
	sl_dp_freep(&daemon->dp);
	/* Goes only when it is empty. */
	if (daemon->pin_lock >= 0)
		rmdir(daemon->opts->pin_dir);
	pin_unlock(daemon);
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

int sl_datapath_apply(struct sl_daemon *daemon, struct sl_conf *conf, char **words)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_dp_apply(daemon->dp, conf, &diag);
	*words = sl_config_diag_text(&diag);
	if (err && (!*words || !**words)) {
		free(*words);
		say(words, sl_datapath_error(daemon, err));
	}
	return err;
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
	new = !sl_dp_ruleset(daemon->dp);
	err = sl_datapath_apply(daemon, conf, words);
	if (err && new)
		sl_datapath_remove(daemon);
	return err;
}

int sl_datapath_wake(struct sl_daemon *daemon, char **words)
{
	int err = pin_lock(daemon);

	if (err) {
		if (asprintf(words, "pin directory '%s': %s", daemon->opts->pin_dir,
			     lock_words(err)) < 0)
			*words = NULL;
		return err;
	}
	return sl_datapath_start(daemon, daemon->conf, words);
}

int sl_datapath_remove(struct sl_daemon *daemon)
{
	int err;

	if (!sl_dp_started(daemon->dp))
		return 0;
	err = sl_dp_remove(daemon->dp);
	if (err)
		return err;
	if (rmdir(daemon->opts->pin_dir) && errno != ENOENT)
		sl_debug("pin directory '%s': stays: %m", daemon->opts->pin_dir);
	pin_unlock(daemon);
	return 0;
}
