/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The event loop: file descriptors and timers with a function each, all run by one thread. A
 * watch belongs to who adds it and must be taken out before its memory goes. One event is taken
 * from the kernel at a time, so a watch may take out any other one at any moment.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct sl_loop {
	int epoll;
	bool stop;
};

struct sl_watch {
	int fd; /* -1: not in a loop */
	void (*fn)(void *data, uint32_t events);
	void *data;
};

/* A timerfd in the loop. */
struct sl_timer {
	struct sl_watch watch;
	void (*fn)(void *data);
	void *data;
};

#define SL_LOOP_INIT  { .epoll = -1 }
#define SL_WATCH_INIT { .fd = -1 }
#define SL_TIMER_INIT { .watch = SL_WATCH_INIT }

int sl_loop_open(struct sl_loop *loop);
void sl_loop_close(struct sl_loop *loop);
/* Runs until sl_loop_stop. */
int sl_loop_run(struct sl_loop *loop);
void sl_loop_stop(struct sl_loop *loop);

/* The watch does not own fd. */
int sl_watch_add(struct sl_loop *loop, struct sl_watch *watch, int fd, uint32_t events,
		 void (*fn)(void *data, uint32_t events), void *data);
int sl_watch_change(struct sl_loop *loop, struct sl_watch *watch, uint32_t events);
void sl_watch_remove(struct sl_loop *loop, struct sl_watch *watch);

int sl_timer_open(struct sl_loop *loop, struct sl_timer *timer, void (*fn)(void *data), void *data);
/* In `first` microseconds, then each `every`; every 0: once; first 0: never. */
void sl_timer_set(struct sl_timer *timer, uint64_t first, uint64_t every);
void sl_timer_close(struct sl_loop *loop, struct sl_timer *timer);

/* Microseconds of the monotonic clock. */
uint64_t sl_now(void);
