// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* `events`: the lines as sluiced sends them, which is what a program wants and a person can read. */

#include "cleanup.h"
#include "client.h"
#include "cmd.h"
#include "out.h"

int sl_cmd_events(struct sl_ctl *ctl)
{
	_cleanup_(sl_client_freep) struct sl_client *client = NULL;
	const char *path = ctl->opt[SL_OPT_FOLLOW] ? "/v1/events?follow" : "/v1/events";

	if (sl_client_new(&client, ctl->opt[SL_OPT_SOCKET] ?: SL_SOCKET))
		return sl_fail("out of memory");
	if (sl_client_stream(client, path, stdout))
		return sl_fail("%s", sl_client_error(client));
	return SL_EXIT_OK;
}
