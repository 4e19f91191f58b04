/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * One piece of work outside the loop. The daemon is one thread but for this: reading and compiling
 * 100,000 rules takes a second, in which the watchdog is to be fed and requests are to be answered.
 * A thread is what it takes, as the rules are written into the arena, which a child does not have.
 *
 * The work may touch what it was given and nothing else of the daemon's.
 */

#include <pthread.h>
#include <stdbool.h>

#include "loop.h"

struct sl_job {
	struct sl_watch watch; /* an eventfd: the work is done */
	pthread_t thread;
	void (*work)(void *data);
	void (*done)(void *data);
	void *data;
	bool running;
};

#define SL_JOB_INIT { .watch = SL_WATCH_INIT }

int sl_job_open(struct sl_loop *loop, struct sl_job *job);
/* work runs in a thread, then done in the loop. One at a time. */
int sl_job_start(struct sl_job *job, void (*work)(void *data), void (*done)(void *data),
		 void *data);
/* Waits for the end of the work, if any runs; done is not called. */
void sl_job_close(struct sl_loop *loop, struct sl_job *job);
