/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define USEC 1000000ULL

int sl_loop_open(struct sl_loop *loop)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	*loop = (struct sl_loop) { .epoll = fd };
	return 0;
}

void sl_loop_close(struct sl_loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

int sl_loop_run(struct sl_loop *loop)
{
	struct epoll_event event;
	struct sl_watch *watch;
	int n;

	while (!loop->stop) {
		n = epoll_wait(loop->epoll, &event, 1, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		watch = event.data.ptr;
		watch->fn(watch->data, event.events);
	}
	return 0;
}

void sl_loop_stop(struct sl_loop *loop)
{
	loop->stop = true;
}

int sl_watch_add(struct sl_loop *loop, struct sl_watch *watch, int fd, uint32_t events,
		 void (*fn)(void *data, uint32_t events), void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	*watch = (struct sl_watch) { .fd = fd, .fn = fn, .data = data };
	return 0;
}

int sl_watch_change(struct sl_loop *loop, struct sl_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) ? -errno : 0;
}

void sl_watch_remove(struct sl_loop *loop, struct sl_watch *watch)
{
	if (watch->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
}

static void timer_fired(void *data, uint32_t events)
{
	struct sl_timer *timer = data;
	uint64_t times;

	if (read(timer->watch.fd, &times, sizeof(times)) == sizeof(times))
		timer->fn(timer->data);
}

int sl_timer_open(struct sl_loop *loop, struct sl_timer *timer, void (*fn)(void *data), void *data)
{
	int err, fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = sl_watch_add(loop, &timer->watch, fd, EPOLLIN, timer_fired, timer);
	if (err) {
		close(fd);
		return err;
	}
	timer->fn = fn;
	timer->data = data;
	return 0;
}

static struct timespec timespec_of(uint64_t usec)
{
	return (struct timespec) {
		.tv_sec = (time_t)(usec / USEC),
		.tv_nsec = (long)(usec % USEC) * 1000,
	};
}

void sl_timer_set(struct sl_timer *timer, uint64_t first, uint64_t every)
{
	struct itimerspec when = {
		.it_value = timespec_of(first),
		.it_interval = timespec_of(every),
	};

	timerfd_settime(timer->watch.fd, 0, &when, NULL);
}

void sl_timer_close(struct sl_loop *loop, struct sl_timer *timer)
{
	int fd = timer->watch.fd;

	sl_watch_remove(loop, &timer->watch);
	if (fd >= 0)
		close(fd);
}

uint64_t sl_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC + (uint64_t)now.tv_nsec / 1000;
}
