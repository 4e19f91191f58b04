/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "daemon.h"
#include "datapath.h"
#include "log.h"
#include "notify.h"
#include "port.h"
#include "rules.h"

char *sl_config_diag_text(const struct sl_diag *diag)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	sl_diag_print(diag, file);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

int sl_config_load(const char *path, struct sl_conf **out, char **words)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_conf_load(out, path, &diag);
	*words = sl_config_diag_text(&diag);
	if (err && (!*words || !**words)) {
		free(*words);
		if (asprintf(words, "%s: %s\n", path, strerror(-err)) < 0)
			*words = NULL;
	}
	return err;
}

/* Warnings of reading, then those of applying. */
static char *joined(const char *first, const char *second)
{
	char *text;

	if (asprintf(&text, "%s%s", first ? first : "", second ? second : "") < 0)
		return NULL;
	return text;
}

static int reload(struct sl_daemon *daemon, char **words)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_free_ char *said = NULL, *more = NULL;
	int err;

	err = sl_config_load(daemon->opts->config, &conf, &said);
	/* Reading may have taken its time, and so may what follows. */
	sl_notify("WATCHDOG=1");
	if (!err && sl_dp_started(daemon->dp))
		err = sl_datapath_apply(daemon, conf, &more);
	sl_notify("WATCHDOG=1");
	*words = joined(said, more);
	if (err)
		return err;
	sl_conf_freep(&daemon->conf);
	daemon->conf = TAKE_PTR(conf);
	sl_ports_settle(daemon);
	return 0;
}

int sl_config_reload(struct sl_daemon *daemon, char **words)
{
	int err;

	sl_notify_reloading();
	err = reload(daemon, words);
	if (*words && **words)
		sl_log_text(err ? LOG_ERR : LOG_WARNING, *words);
	if (err)
		sl_error("configuration '%s': not loaded, the one before stays in force",
			 daemon->opts->config);
	else
		sl_info("configuration '%s': loaded", daemon->opts->config);
	/* 100,000 rules take 100 MB while they are compiled, and so did those before. */
	malloc_trim(0);
	sl_notify("READY=1\nSTATUS=%s", err ? "the last reload failed, see the log" : "running");
	return err;
}
