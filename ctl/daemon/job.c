/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "job.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void end_thread(struct sl_job *job)
{
	pthread_join(job->thread, NULL);
	job->running = false;
}

static void on_ended(void *data, uint32_t events)
{
	struct sl_job *job = data;
	eventfd_t count;

	if (eventfd_read(job->watch.fd, &count) || !job->running)
		return;
	end_thread(job);
	job->done(job->data);
}

int sl_job_open(struct sl_loop *loop, struct sl_job *job)
{
	int err, fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	err = sl_watch_add(loop, &job->watch, fd, EPOLLIN, on_ended, job);
	if (err)
		close(fd);
	return err;
}

static void *run(void *data)
{
	const struct sl_job *job = data;

	job->work(job->data);
	eventfd_write(job->watch.fd, 1);
	return NULL;
}

int sl_job_start(struct sl_job *job, void (*work)(void *data), void (*done)(void *data), void *data)
{
	int err;

	job->work = work;
	job->done = done;
	job->data = data;
	/* Signals are blocked since before there was a loop, for this thread as for ours. */
	err = pthread_create(&job->thread, NULL, run, job);
	job->running = !err;
	return -err;
}

void sl_job_close(struct sl_loop *loop, struct sl_job *job)
{
	int fd = job->watch.fd;

	if (job->running)
		end_thread(job);
	sl_watch_remove(loop, &job->watch);
	if (fd >= 0)
		close(fd);
}
