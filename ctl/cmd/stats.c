// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Counters: stats and rules. */

#include "cmd.h"

#include <stdlib.h>

#include "out.h"
#include "request.h"
#include "stats_text.h"
#include "watch.h"

#define WATCH_MIN 0.1
#define WATCH_MAX 86400.0

static int watch(struct sl_ctl *ctl)
{
	const char *text = ctl->opt[SL_OPT_WATCH];
	double seconds = 1;
	char *end;

	if (*text) {
		seconds = strtod(text, &end);
		if (end == text || *end || !(seconds >= WATCH_MIN && seconds <= WATCH_MAX))
			return sl_misuse(
				"--watch cannot be '%s': it is a number of seconds from %g to %g",
				text, WATCH_MIN, WATCH_MAX);
	}
	return sl_watch(ctl, seconds);
}

int sl_cmd_stats(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *stats = NULL;
	int status;

	if (ctl->opt[SL_OPT_WATCH])
		return watch(ctl);
	status = sl_request(ctl, "/v1/stats", NULL, &stats);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON]) {
		sl_json_page(stats);
		return SL_EXIT_OK;
	}
	return sl_stats_print(stats, NULL, 0, stdout) ? SL_EXIT_FAILED : SL_EXIT_OK;
}

int sl_cmd_rules(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *rules = NULL;
	const json_t *list;
	int status;

	status = sl_request(ctl, "/v1/rules", NULL, &rules);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON]) {
		sl_json_page(rules);
		return SL_EXIT_OK;
	}
	list = json_object_get(rules, "rules");
	if (!json_array_size(list)) {
		puts("no rules are loaded (see 'sluicectl reload --help')");
		return SL_EXIT_OK;
	}
	return sl_rules_print(list, NULL, 0, stdout) ? SL_EXIT_FAILED : SL_EXIT_OK;
}
