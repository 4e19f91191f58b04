/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The events of rules with `log`: read from the ring as they come, kept for a while, handed to who
 * asks and to who follows. What is kept is bounded: who reads slower than events come loses the
 * oldest ones, and is told how many.
 */

#include <stdbool.h>

#include <microhttpd.h>

#define SL_EVENTS_KEPT 1024

struct sl_daemon;
struct sl_events;

int sl_events_new(struct sl_events **out, struct sl_daemon *daemon);
void sl_events_freep(struct sl_events **events);
/* Reads the ring of the data path, which is there now, or is not any more. */
int sl_events_watch(struct sl_events *events);
void sl_events_unwatch(struct sl_events *events);

/* The answer with the events there are, one a line; with follow it goes on with those to come. */
struct MHD_Response *sl_events_answer(struct sl_events *events, struct MHD_Connection *connection,
				      bool follow);
/* All that wait go on: those whose client is gone come to their end. */
void sl_events_wake(struct sl_events *events);
/* No answer waits any more. */
void sl_events_end(struct sl_events *events);
