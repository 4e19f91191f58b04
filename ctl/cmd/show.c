// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cleanup.h"
#include "conf_file.h"
#include "out.h"
#include "request.h"

int sl_cmd_show(struct sl_ctl *ctl)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_json_ json_t *page = NULL;
	_cleanup_free_ char *text = NULL;
	int status;

	status =
		ctl->nargs ? sl_conf_file_or_say(&conf, ctl->args[0]) : sl_conf_running(ctl, &conf);
	if (status)
		return status;
	if (sl_conf_print(conf, &text))
		return sl_fail("out of memory");
	if (!ctl->opt[SL_OPT_JSON]) {
		fputs(text, stdout);
		return SL_EXIT_OK;
	}
	page = json_pack("{s:s}", "source", text);
	sl_json_page(page);
	return SL_EXIT_OK;
}
