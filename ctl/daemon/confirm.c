/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cleanup.h"
#include "daemon.h"
#include "datapath.h"
#include "dp.h"
#include "jsontext.h"
#include "log.h"
#include "port.h"
#include "reload.h"
#include "rules.h"

#define MEMO   "confirm"
#define SECOND 1000000ULL
#define RETRY  (5 * SECOND)

/*
 * {"waits": bool, "before": text, "refused": text, "others": [name]}; others are the interfaces that
 * were attached without the configuration before.
 */
struct memo {
	json_t *json;
	bool waits;
	const char *before;
	const char *refused;
	json_t *others;
};

static void memo_clear(struct memo *memo)
{
	json_decref(memo->json);
	memo->json = NULL;
}

/* Takes over others. */
static int memo_put(struct sl_daemon *daemon, bool waits, const char *before, const char *refused,
		    json_t *others)
{
	json_t *json = json_object();
	_cleanup_free_ char *text = NULL;

	sl_json_set(json, "waits", json_boolean(waits));
	sl_json_set(json, "before", json_string(before));
	sl_json_set(json, "refused", json_string(refused));
	sl_json_set(json, "others", others);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? sl_dp_memo_put(daemon->dp, MEMO, text, strlen(text)) : -ENOMEM;
}

static bool memo_get(struct sl_daemon *daemon, struct memo *memo)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (sl_dp_memo_get(daemon->dp, MEMO, &text, &size))
		return false;
	memo->json = json_loadb(text, size, 0, NULL);
	memo->waits = json_is_true(json_object_get(memo->json, "waits"));
	memo->before = json_string_value(json_object_get(memo->json, "before"));
	memo->refused = json_string_value(json_object_get(memo->json, "refused"));
	memo->others = json_object_get(memo->json, "others");
	return memo->before && memo->refused;
}

/* --- the time --- */

static void on_deadline(void *data)
{
	struct sl_daemon *daemon = data;

	if (!sl_confirm_waits(&daemon->confirm))
		return;
	sl_warning("configuration: not confirmed within %u s, the one before comes back",
		   daemon->confirm.seconds);
	sl_reload_undo(daemon);
}

int sl_confirm_open(struct sl_daemon *daemon)
{
	return sl_timer_open(&daemon->loop, &daemon->confirm.timer, on_deadline, daemon);
}

void sl_confirm_close(struct sl_daemon *daemon)
{
	sl_timer_close(&daemon->loop, &daemon->confirm.timer);
	sl_conf_freep(&daemon->confirm.before);
}

unsigned int sl_confirm_left(const struct sl_confirm *confirm)
{
	uint64_t now = sl_now();

	return now < confirm->deadline
		       ? (unsigned int)((confirm->deadline - now + SECOND - 1) / SECOND)
		       : 0;
}

void sl_confirm_again(struct sl_daemon *daemon)
{
	sl_timer_set(&daemon->confirm.timer, RETRY, 0);
}

/* --- probation and its ends --- */

static json_t *others_json(const struct sl_daemon *daemon)
{
	json_t *list = json_array();
	const struct sl_port *port;

	for (port = daemon->ports; port; port = port->next) {
		if (port->attached && port->origin != SL_ORIGIN_CONFIG)
			json_array_append_new(list, sl_json_text(port->name));
	}
	return list;
}

int sl_confirm_prepare(struct sl_daemon *daemon, const char *text, char **words)
{
	const struct sl_ruleset *now = sl_dp_ruleset(daemon->dp);
	const char *before = now ? sl_dp_at(daemon->dp, now->source) : NULL;
	int err;

	err = before && text ? memo_put(daemon, true, before, text, others_json(daemon)) : -ENOMEM;
	if (err &&
	    asprintf(words, "the configuration in force cannot be kept to come back to: %s\n",
		     sl_datapath_error(daemon, err)) < 0)
		*words = NULL;
	return err;
}

void sl_confirm_begin(struct sl_daemon *daemon, struct sl_conf *before, unsigned int seconds)
{
	struct sl_confirm *confirm = &daemon->confirm;

	confirm->before = before;
	confirm->seconds = seconds;
	confirm->deadline = sl_now() + seconds * SECOND;
	confirm->generation = sl_dp_ruleset(daemon->dp)->generation;
	sl_timer_set(&confirm->timer, seconds * SECOND, 0);
	sl_notice("configuration: the one before comes back in %u s unless this one is confirmed",
		  seconds);
}

static void end(struct sl_daemon *daemon)
{
	sl_timer_set(&daemon->confirm.timer, 0, 0);
	daemon->confirm.before = NULL;
}

void sl_confirm_keep(struct sl_daemon *daemon)
{
	struct sl_conf *before = daemon->confirm.before;

	end(daemon);
	sl_conf_freep(&before);
	if (sl_dp_started(daemon->dp) && sl_dp_memo_drop(daemon->dp, MEMO))
		sl_error("configuration: %s", sl_dp_error(daemon->dp));
}

/* The memo stays, and says from now on which file not to take. */
static void memo_refuse(struct sl_daemon *daemon)
{
	_cleanup_(memo_clear) struct memo memo = {};

	if (!memo_get(daemon, &memo) || memo_put(daemon, false, memo.before, memo.refused, NULL))
		sl_warning("configuration: a restart may take the file that was taken back: %s",
			   sl_dp_error(daemon->dp));
}

struct sl_conf *sl_confirm_undone(struct sl_daemon *daemon)
{
	struct sl_conf *before = daemon->confirm.before;

	end(daemon);
	if (sl_dp_started(daemon->dp))
		memo_refuse(daemon);
	return before;
}

/* --- start --- */

static bool is_text_of(const struct sl_conf *conf, const char *text)
{
	_cleanup_free_ char *own = NULL;

	return conf && !sl_conf_print(conf, &own) && !strcmp(own, text);
}

static int read_text(const struct sl_daemon *daemon, const char *text, struct sl_conf **out)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_free_ char *dir = strdup(daemon->opts->config);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash)
		slash[slash == dir] = 0;
	return dir ? sl_conf_parse(out, "configuration before", dir, text, &diag) : -ENOMEM;
}

static bool replace(const struct sl_daemon *daemon, struct sl_conf **conf, const char *text)
{
	struct sl_conf *before = NULL;

	if (read_text(daemon, text, &before)) {
		sl_error("configuration: the one before cannot be read any more");
		return false;
	}
	sl_conf_freep(conf);
	*conf = before;
	return true;
}

/* Names as they are in a memo: see sl_json_text. */
static bool is_listed(const json_t *list, const char *name)
{
	json_t *text = sl_json_text(name);
	const json_t *one;
	bool found = false;
	size_t i;

	json_array_foreach (list, i, one)
		found = found || json_equal(one, text);
	json_decref(text);
	return found;
}

bool sl_confirm_brought(struct sl_daemon *daemon, const char *name)
{
	_cleanup_(memo_clear) struct memo memo = {};
	_cleanup_(sl_conf_freep) struct sl_conf *refused = NULL;

	if (!daemon->confirm.recalled || !memo_get(daemon, &memo) || !memo.waits ||
	    is_listed(memo.others, name) || read_text(daemon, memo.refused, &refused))
		return false;
	return sl_conf_iface_find(refused, name);
}

bool sl_confirm_recall(struct sl_daemon *daemon, struct sl_conf **conf)
{
	_cleanup_(memo_clear) struct memo memo = {};

	if (!memo_get(daemon, &memo))
		return false;
	if (!memo.waits && !is_text_of(*conf, memo.refused))
		return false;
	if (!replace(daemon, conf, memo.before))
		return false;
	sl_warning(
		"configuration '%s': was not confirmed, the one before is in force; 'sluicectl reload' takes the file",
		daemon->opts->config);
	daemon->confirm.recalled = true;
	return true;
}

void sl_confirm_recalled(struct sl_daemon *daemon)
{
	if (daemon->confirm.recalled)
		memo_refuse(daemon);
	else
		sl_confirm_keep(daemon);
}
