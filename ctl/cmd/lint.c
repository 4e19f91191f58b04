// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The verbs about text alone: lint and diff. */

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cleanup.h"
#include "conf_file.h"
#include "out.h"
#include "request.h"

/* A file, or the rules that run. */
static int load(struct sl_ctl *ctl, const char *path, struct sl_conf **out)
{
	return strcmp(path, "running") ? sl_conf_file_or_say(out, path) : sl_conf_running(ctl, out);
}

/* --- lint --- */

int sl_cmd_lint(struct sl_ctl *ctl)
{
	const char *path = ctl->nargs ? ctl->args[0] : SL_CONF_FILE;
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_conf_file_load(&conf, path, &diag);
	if (!err)
		err = sl_conf_lint(conf, &diag);
	if (err && !diag.count)
		return sl_fail("%s: %s", path, strerror(-err));
	if (ctl->opt[SL_OPT_JSON])
		sl_diag_print_json(&diag);
	else
		sl_diag_print(&diag, stdout);
	if (err || diag.count)
		return SL_EXIT_FAILED;
	if (!ctl->opt[SL_OPT_JSON])
		printf("%s: nothing found\n", strcmp(path, "-") ? path : "<stdin>");
	return SL_EXIT_OK;
}

/* --- diff --- */

struct differences {
	bool json;
	size_t count;
};

static json_t *place_or_null(unsigned int place)
{
	return place ? json_integer(place) : json_null();
}

static int print_change(void *arg, const struct sl_conf_change *change)
{
	struct differences *differences = arg;
	_cleanup_json_ json_t *line = NULL;

	differences->count++;
	if (!differences->json) {
		sl_conf_change_print(change, stdout);
		return 0;
	}
	line = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o}", "change",
			 sl_change_names[change->kind], "what", change->what, "chain",
			 change->chain, "name", change->name, "before", change->before, "after",
			 change->after, "from", place_or_null(change->from), "to",
			 place_or_null(change->to));
	sl_json_line(line);
	return 0;
}

int sl_cmd_diff(struct sl_ctl *ctl)
{
	struct differences differences = { .json = ctl->opt[SL_OPT_JSON] };
	_cleanup_(sl_conf_freep) struct sl_conf *old = NULL, *new = NULL;
	int status;

	if (!strcmp(ctl->args[0], "-") && !strcmp(ctl->args[1], "-"))
		return sl_misuse("standard input is one of the two");
	status = load(ctl, ctl->args[0], &old) ?: load(ctl, ctl->args[1], &new);
	if (status)
		return status;
	if (sl_conf_diff(old, new, print_change, &differences))
		return sl_fail("out of memory");
	return differences.count ? SL_EXIT_FAILED : SL_EXIT_OK;
}
