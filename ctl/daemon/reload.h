/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Another configuration comes into force. Reading and compiling are a job in the background, after
 * which the loop switches; until then all is as before, and who wants to change something waits
 * (exchange.h).
 */

#include <stdbool.h>

struct sl_daemon;
struct sl_reload;

int sl_reload_new(struct sl_daemon *daemon);
/* Waits for what runs, and forgets it. */
void sl_reload_freep(struct sl_reload **reload);

bool sl_reload_busy(const struct sl_daemon *daemon);

/*
 * Reads the file anew. confirm: seconds on probation, 0: none. Its end is logged, and told to who
 * waits for it.
 */
int sl_reload_start(struct sl_daemon *daemon, unsigned int confirm);
/* What is on probation goes. */
int sl_reload_undo(struct sl_daemon *daemon);
/* The same at once, as sluiced leaves; no job runs any more. */
void sl_reload_leave(struct sl_daemon *daemon);
/* For SIGHUP: when it can be. */
void sl_reload_asked(struct sl_daemon *daemon);
