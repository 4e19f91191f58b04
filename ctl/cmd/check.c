// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* What is wrong with a configuration: librules alone, no daemon, no privilege. */

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arena.h"
#include "cleanup.h"
#include "conf_file.h"
#include "out.h"
#include "request.h"

static json_t *json_entry(const struct sl_diag_entry *entry)
{
	return json_pack("{s:s?, s:i, s:i, s:s, s:s}", "file", entry->file, "line", entry->line,
			 "column", entry->column, "severity",
			 entry->severity == SL_ERROR ? "error" : "warning", "message",
			 entry->message);
}

static void print_json(const struct sl_diag *diag)
{
	_cleanup_json_ json_t *list = json_array();
	size_t i;

	for (i = 0; i < diag->count; i++)
		json_array_append_new(list, json_entry(&diag->entries[i]));
	sl_json_page(list);
}

/* That the data path could take it, too: sizes are known only when it is lowered. */
static int lower(struct sl_conf *conf, struct sl_diag *diag)
{
	_cleanup_free_ void *block = NULL;
	size_t size;

	sl_conf_number(conf);
	return sl_conf_lower(conf, SL_ARENA_BANK0, SL_ARENA_BANK_SIZE, 1, &block, &size, diag);
}

static void print_good(const char *path, const struct sl_conf *conf)
{
	size_t i, rules = 0;

	for (i = 0; i < conf->nrules; i++)
		rules += !conf->rules[i].is_policy;
	printf("%s: good: %zu rule%s, %zu interface clause%s\n",
	       strcmp(path, "-") == 0 ? "<stdin>" : path, rules, rules == 1 ? "" : "s",
	       conf->nifaces, conf->nifaces == 1 ? "" : "s");
}

int sl_cmd_check(struct sl_ctl *ctl)
{
	const char *path = ctl->nargs ? ctl->args[0] : SL_CONF_FILE;
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_conf_file_load(&conf, path, &diag) ?: lower(conf, &diag);
	if (err && !diag.count)
		return sl_fail("%s: %s", path, strerror(-err));
	if (ctl->opt[SL_OPT_JSON])
		print_json(&diag);
	else
		sl_diag_print(&diag, stderr);
	if (err || diag.errors)
		return SL_EXIT_FAILED;
	if (!ctl->opt[SL_OPT_JSON])
		print_good(path, conf);
	return SL_EXIT_OK;
}
