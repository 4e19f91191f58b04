/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "events.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "cleanup.h"
#include "daemon.h"
#include "event_json.h"
#include "log.h"
#include "server.h"

/* Events taken in one turn of the loop, so that requests get theirs, too. */
#define TURN 256

#define BLOCK (32U << 10)

/* One client's way through the events. */
struct stream {
	struct stream *next;
	struct sl_events *events;
	struct MHD_Connection *connection;
	uint64_t at; /* number of the event it is at */
	size_t offset; /* bytes of that one which it has */
	bool follow;
	bool waits; /* suspended */
	bool ends;
};

struct sl_events {
	struct sl_daemon *daemon;
	struct ring_buffer *ring;
	struct sl_watch watch;
	unsigned int turn;
	uint64_t next; /* number of the next event */
	char *lines[SL_EVENTS_KEPT]; /* [number % SL_EVENTS_KEPT] */
	struct stream *streams;
};

static void keep(struct sl_events *events, json_t *json)
{
	char **line = &events->lines[events->next % SL_EVENTS_KEPT];
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text)
		return;
	free(*line);
	*line = text;
	events->next++;
}

static int on_event(void *data, void *record, size_t size)
{
	struct sl_events *events = data;
	const struct sl_event *event = record;

	if (size < sizeof(*event) || size - sizeof(*event) < event->snap)
		return 0;
	keep(events, sl_event_json(events->daemon->dp, event, (const unsigned char *)(event + 1)));
	/* Ends the turn; what is left is told of again. */
	return ++events->turn < TURN ? 0 : -EAGAIN;
}

static void on_ring(void *data, uint32_t mask)
{
	struct sl_events *events = data;

	events->turn = 0;
	ring_buffer__consume(events->ring);
	sl_events_wake(events);
}

int sl_events_new(struct sl_events **out, struct sl_daemon *daemon)
{
	struct sl_events *events = calloc(1, sizeof(*events));

	if (!events)
		return -ENOMEM;
	events->daemon = daemon;
	events->watch = (struct sl_watch)SL_WATCH_INIT;
	*out = events;
	return 0;
}

void sl_events_freep(struct sl_events **events)
{
	size_t i;

	if (!*events)
		return;
	sl_events_unwatch(*events);
	for (i = 0; i < SL_EVENTS_KEPT; i++)
		free((*events)->lines[i]);
	free(*events);
	*events = NULL;
}

int sl_events_watch(struct sl_events *events)
{
	int err;

	if (events->ring)
		return 0;
	events->ring =
		ring_buffer__new(sl_dp_events_fd(events->daemon->dp), on_event, events, NULL);
	if (!events->ring) {
		err = -errno;
		sl_error("events: the ring cannot be read: %s", strerror(-err));
		return err;
	}
	err = sl_watch_add(&events->daemon->loop, &events->watch,
			   ring_buffer__epoll_fd(events->ring), EPOLLIN, on_ring, events);
	if (err)
		sl_events_unwatch(events);
	return err;
}

void sl_events_unwatch(struct sl_events *events)
{
	sl_watch_remove(&events->daemon->loop, &events->watch);
	ring_buffer__free(events->ring);
	events->ring = NULL;
}

/* --- those who listen --- */

static uint64_t oldest(const struct sl_events *events)
{
	return events->next > SL_EVENTS_KEPT ? events->next - SL_EVENTS_KEPT : 0;
}

/* A line of its own for what a slow client missed. Never in the middle of another one. */
static size_t tell_lost(struct stream *stream, char *to, size_t max)
{
	uint64_t lost = oldest(stream->events) - stream->at;
	int size = snprintf(to, max, "{\"event_type\":\"lost\",\"sluice\":{\"lost\":%llu}}\n",
			    (unsigned long long)lost);

	if (size < 0 || (size_t)size >= max)
		return 0;
	stream->at = oldest(stream->events);
	return (size_t)size;
}

/* The rest of the line that the stream is at, as far as it fits. */
static size_t give_line(struct stream *stream, char *to, size_t max)
{
	const char *line = stream->events->lines[stream->at % SL_EVENTS_KEPT];
	size_t length = strlen(line), left = length - stream->offset;

	if (left >= max) {
		memcpy(to, line + stream->offset, max);
		stream->offset += max;
		return max;
	}
	memcpy(to, line + stream->offset, left);
	to[left] = '\n';
	stream->at++;
	stream->offset = 0;
	return left + 1;
}

static bool client_is_gone(const struct stream *stream)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(stream->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd fd = { .fd = info ? info->connect_fd : -1, .events = POLLRDHUP };

	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static ssize_t read_stream(void *data, uint64_t position, char *to, size_t max)
{
	struct stream *stream = data;
	size_t used = 0;

	/* The line it was in the middle of is gone: what follows would not be JSON. */
	if (stream->at < oldest(stream->events) && stream->offset)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (stream->at < oldest(stream->events))
		used = tell_lost(stream, to, max);
	while (used < max && stream->at < stream->events->next)
		used += give_line(stream, to + used, max - used);
	if (used)
		return (ssize_t)used;
	if (!stream->follow || stream->ends || client_is_gone(stream))
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->waits = true;
	MHD_suspend_connection(stream->connection);
	return 0;
}

static void free_stream(void *data)
{
	struct stream *stream = data, **at = &stream->events->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	free(stream);
}

struct MHD_Response *sl_events_answer(struct sl_events *events, struct MHD_Connection *connection,
				      bool follow)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return NULL;
	*stream = (struct stream) {
		.next = events->streams,
		.events = events,
		.connection = connection,
		.at = oldest(events),
		.follow = follow,
	};
	events->streams = stream;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream,
						     free_stream);
	if (!response)
		free_stream(stream);
	return response;
}

void sl_events_wake(struct sl_events *events)
{
	struct stream *stream;
	bool any = false;

	for (stream = events->streams; stream; stream = stream->next) {
		if (!stream->waits)
			continue;
		stream->waits = false;
		MHD_resume_connection(stream->connection);
		any = true;
	}
	if (any)
		sl_server_go_on(events->daemon->server);
}

void sl_events_end(struct sl_events *events)
{
	struct stream *stream;

	for (stream = events->streams; stream; stream = stream->next)
		stream->ends = true;
	sl_events_wake(events);
}
