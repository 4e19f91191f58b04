/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "reload.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "cleanup.h"
#include "config.h"
#include "confirm.h"
#include "daemon.h"
#include "datapath.h"
#include "dp.h"
#include "exchange.h"
#include "job.h"
#include "log.h"
#include "notify.h"
#include "port.h"
#include "rules.h"

struct sl_reload {
	struct sl_daemon *daemon;
	struct sl_job job;
	bool undo;
	bool asked; /* SIGHUP came while a job was running */
	bool applies; /* the data path is there */
	unsigned int confirm;
	/* The job's. */
	struct sl_conf *conf; /* of an undo: the one that confirm.c keeps */
	char *text; /* of what has to be confirmed */
	char *words;
	int err;
};

int sl_reload_new(struct sl_daemon *daemon)
{
	_cleanup_(sl_reload_freep) struct sl_reload *reload = calloc(1, sizeof(*reload));
	int err;

	if (!reload)
		return -ENOMEM;
	reload->daemon = daemon;
	reload->job = (struct sl_job)SL_JOB_INIT;
	err = sl_job_open(&daemon->loop, &reload->job);
	if (err)
		return err;
	daemon->reload = TAKE_PTR(reload);
	return 0;
}

static void clear(struct sl_reload *reload)
{
	if (!reload->undo)
		sl_conf_freep(&reload->conf);
	reload->conf = NULL;
	free(reload->text);
	free(reload->words);
	reload->text = reload->words = NULL;
	reload->err = 0;
}

void sl_reload_freep(struct sl_reload **reload)
{
	if (!*reload)
		return;
	sl_job_close(&(*reload)->daemon->loop, &(*reload)->job);
	clear(*reload);
	free(*reload);
	*reload = NULL;
}

bool sl_reload_busy(const struct sl_daemon *daemon)
{
	return daemon->reload->job.running;
}

/* --- in the background --- */

/* Warnings of reading, then those of applying. */
static void say_more(struct sl_reload *reload, char *more)
{
	_cleanup_free_ char *said = reload->words, *owned = more;

	if (asprintf(&reload->words, "%s%s", said ? said : "", more ? more : "") < 0)
		reload->words = NULL;
}

static void compile(struct sl_reload *reload)
{
	char *more = NULL;

	reload->err = sl_datapath_prepare(reload->daemon, reload->conf, &more);
	say_more(reload, more);
}

static void work(void *data)
{
	struct sl_reload *reload = data;

	if (!reload->undo)
		reload->err =
			sl_config_load(reload->daemon->opts->config, &reload->conf, &reload->words);
	if (!reload->err && reload->confirm)
		reload->err = sl_conf_print(reload->conf, &reload->text);
	if (!reload->err && reload->applies)
		compile(reload);
}

/* --- in the loop --- */

/* All that can be refused is refused before the switch, which is one store. */
static int switch_over(struct sl_reload *reload)
{
	struct sl_daemon *daemon = reload->daemon;
	char *more = NULL;
	int err;

	err = sl_ports_check(daemon, reload->conf, &more);
	say_more(reload, more);
	more = NULL;
	if (!err && reload->confirm) {
		err = sl_confirm_prepare(daemon, reload->text, &more);
		say_more(reload, more);
	}
	if (!err && reload->applies) {
		err = sl_ports_prepare(daemon, reload->conf, &more) ?: sl_dp_commit(daemon->dp);
		say_more(reload, more);
		/* Back to what the rules that stay need. */
		if (err)
			sl_ports_settle(daemon);
	}
	return err;
}

static void take_over(struct sl_reload *reload)
{
	struct sl_daemon *daemon = reload->daemon;
	struct sl_conf *before = daemon->conf;

	daemon->conf = TAKE_PTR(reload->conf);
	if (reload->undo)
		sl_confirm_undone(daemon);
	else if (!reload->confirm)
		sl_confirm_keep(daemon);
	sl_ports_settle(daemon);
	/* The time is the operator's: what attaching takes does not count. */
	if (reload->confirm)
		sl_confirm_begin(daemon, before, reload->confirm);
	else
		sl_conf_freep(&before);
}

static void say(const struct sl_reload *reload)
{
	const char *config = reload->daemon->opts->config;

	if (reload->words && *reload->words)
		sl_log_text(reload->err ? LOG_ERR : LOG_WARNING, reload->words);
	if (reload->undo && reload->err)
		sl_error("configuration: the one before cannot come back yet");
	else if (reload->undo)
		sl_notice("configuration: the one before is in force again");
	else if (reload->err)
		sl_error("configuration '%s': not loaded, the one before stays in force", config);
	else
		sl_info("configuration '%s': loaded", config);
}

static void finish(struct sl_reload *reload)
{
	struct sl_daemon *daemon = reload->daemon;
	bool failed = reload->err, undo = reload->undo;
	json_t *reply = NULL;
	int status;

	status = sl_api_reloaded(daemon, reload->err, undo, reload->words, &reply);
	say(reload);
	clear(reload);
	if (undo && failed)
		sl_confirm_again(daemon);
	/* 100,000 rules take 100 MB while they are compiled, and so did those before. */
	malloc_trim(0);
	sl_notify("READY=1\nSTATUS=%s", failed ? "the last reload failed, see the log" : "running");
	sl_exchanges_go_on(daemon, status, reply);
	if (reload->asked) {
		reload->asked = false;
		sl_reload_asked(daemon);
	}
}

static void done(void *data)
{
	struct sl_reload *reload = data;

	if (!reload->err)
		reload->err = switch_over(reload);
	if (!reload->err)
		take_over(reload);
	finish(reload);
}

static int start(struct sl_daemon *daemon, struct sl_conf *conf, unsigned int confirm)
{
	struct sl_reload *reload = daemon->reload;
	int err;

	reload->undo = conf;
	reload->conf = conf;
	reload->confirm = confirm;
	reload->applies = sl_dp_started(daemon->dp);
	err = sl_job_start(&reload->job, work, done, reload);
	if (err) {
		clear(reload);
		sl_error("configuration: no thread to read it: %s", strerror(-err));
		return err;
	}
	sl_notify_reloading();
	return 0;
}

int sl_reload_start(struct sl_daemon *daemon, unsigned int confirm)
{
	return start(daemon, NULL, confirm);
}

int sl_reload_undo(struct sl_daemon *daemon)
{
	int err = start(daemon, daemon->confirm.before, 0);

	if (err)
		sl_confirm_again(daemon);
	return err;
}

void sl_reload_leave(struct sl_daemon *daemon)
{
	_cleanup_free_ char *words = NULL;

	if (!sl_confirm_waits(&daemon->confirm))
		return;
	if (sl_datapath_apply(daemon, daemon->confirm.before, &words))
		sl_error("configuration: the one before comes back with the next start: %s",
			 words ? words : "out of memory");
	else
		sl_notice("configuration: not confirmed, the one before is in force again");
}

void sl_reload_asked(struct sl_daemon *daemon)
{
	if (sl_reload_busy(daemon)) {
		daemon->reload->asked = true;
		return;
	}
	if (sl_confirm_waits(&daemon->confirm))
		sl_error(
			"configuration: not reloaded, as rule set %llu waits for a confirmation (%u s left)",
			(unsigned long long)daemon->confirm.generation,
			sl_confirm_left(&daemon->confirm));
	else if (!sl_reload_start(daemon, 0))
		return;
	/* The manager waits for an end. */
	sl_notify_reloading();
	sl_notify("READY=1");
}
