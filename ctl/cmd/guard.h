/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A change that would cut the very SSH session that gives the command is told so first. Both
 * directions of the session are judged by the rules to come, by the programs (trial.h), where Sluice
 * is or will be on the interface that the session comes by.
 */

#include <jansson.h>

struct sl_ctl;

/* Returns an exit status: not SL_EXIT_OK refuses the command, and the words have been said. */
int sl_guard_reload(struct sl_ctl *ctl);
/* body: of the request. */
int sl_guard_attach(struct sl_ctl *ctl, const json_t *body);
