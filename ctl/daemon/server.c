/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>

#include "cleanup.h"
#include "cred.h"
#include "daemon.h"
#include "events.h"
#include "exchange.h"
#include "log.h"
#include "loop.h"

#define SECOND 1000000ULL

struct client {
	struct client *next;
	int fd;
	struct sl_cred cred;
	uint64_t deadline; /* of the request that runs or comes next */
	bool waits; /* for a reload */
	bool patient; /* it has none */
};

struct sl_server {
	struct sl_daemon *daemon;
	struct MHD_Daemon *mhd;
	struct sl_watch mhd_watch;
	struct sl_watch listen_watch;
	struct sl_timer again; /* libmicrohttpd has more to do at once */
	struct sl_timer tick; /* each second while there are clients */
	uint64_t ticked;
	int listen_fd;
	gid_t readers;
	struct client *clients;
	unsigned int count;
	unsigned int nreaders; /* of them, those that are not root's */
};

static void on_connect(void *data, uint32_t events);

/* --- clients --- */

static struct client *client_by_fd(struct sl_server *server, int fd)
{
	struct client *client = server->clients;

	while (client && client->fd != fd)
		client = client->next;
	return client;
}

static void client_add(struct sl_server *server, struct client *client)
{
	client->deadline = sl_now() + SL_CLIENT_SECONDS * SECOND;
	client->next = server->clients;
	server->clients = client;
	server->count++;
	server->nreaders += !client->cred.may_change;
	if (server->count == 1) {
		server->ticked = sl_now();
		sl_timer_set(&server->tick, SECOND, SECOND);
	}
	if (server->count == SL_CLIENTS_MAX)
		sl_watch_remove(&server->daemon->loop, &server->listen_watch);
}

static void listen_again(struct sl_server *server)
{
	if (server->listen_watch.fd >= 0 || server->count >= SL_CLIENTS_MAX)
		return;
	if (sl_watch_add(&server->daemon->loop, &server->listen_watch, server->listen_fd, EPOLLIN,
			 on_connect, server))
		sl_error("socket: not listened to for a second: %m");
}

static void client_remove(struct sl_server *server, struct client *client)
{
	struct client **at = &server->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	server->nreaders -= !client->cred.may_change;
	server->count--;
	listen_again(server);
	free(client);
}

/* --- libmicrohttpd --- */

static void run(struct sl_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait;

	MHD_run(server->mhd);
	/* Without timeouts of its own it only ever wants to go on at once. */
	if (MHD_get_timeout(server->mhd, &wait) == MHD_YES)
		sl_timer_set(&server->again, wait ? wait * 1000 : 1, 0);
}

static void on_again(void *data)
{
	run(data);
}

static void on_mhd(void *data, uint32_t events)
{
	run(data);
}

void sl_server_go_on(struct sl_server *server)
{
	sl_timer_set(&server->again, 1, 0);
}

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct sl_server *server = data;
	struct client *client = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = client_by_fd(server, fd_of(connection));
	} else if (client) {
		*context = NULL;
		client_remove(server, client);
	}
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **exchange,
			 enum MHD_RequestTerminationCode code)
{
	struct client *client = client_of(connection);

	sl_exchange_freep((struct sl_exchange **)exchange);
	if (!client)
		return;
	client->deadline = sl_now() + SL_CLIENT_SECONDS * SECOND;
	client->patient = false;
}

void sl_server_patient(struct MHD_Connection *connection)
{
	struct client *client = client_of(connection);

	if (client)
		client->patient = true;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *body,
				  size_t *size, void **exchange)
{
	struct sl_server *server = data;
	struct client *client = client_of(connection);
	enum MHD_Result result;

	if (!client)
		return MHD_NO;
	result = sl_exchange_step((struct sl_exchange **)exchange, server->daemon, &client->cred,
				  connection, method, path, body, size);
	/* The time that a reload takes is not the client's. */
	client->waits = sl_exchange_waits(*exchange);
	return result;
}

/* --- who comes, and who stays too long --- */

/* Said without libmicrohttpd, which has no room; who does not read it at once misses it. */
static void turn_away(int fd)
{
	static const char busy[] =
		"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
		"{\"error\":\"too many connections, try again soon\"}\n";

	send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void admit(struct sl_server *server, int fd)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };
	struct client *client = calloc(1, sizeof(*client));

	if (!client || sl_cred_get(&client->cred, fd, server->readers) ||
	    (!client->cred.may_change && server->nreaders >= SL_CLIENTS_READERS)) {
		free(client);
		turn_away(fd);
		return;
	}
	client->fd = fd;
	client_add(server, client);
	/* Closes fd when it fails. */
	if (MHD_add_connection(server->mhd, fd, (struct sockaddr *)&peer,
			       sizeof(peer.sun_family)) != MHD_YES)
		client_remove(server, client);
	else
		run(server);
}

/* No descriptors, no memory: it would fail again at once, and again. */
static void rest(struct sl_server *server)
{
	sl_warning("socket: connection not accepted: %m");
	sl_watch_remove(&server->daemon->loop, &server->listen_watch);
	sl_timer_set(&server->tick, SECOND, SECOND);
}

static void on_connect(void *data, uint32_t events)
{
	struct sl_server *server = data;
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		admit(server, fd);
	else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		rest(server);
}

/* Shut down, a connection is at its end for libmicrohttpd, which then closes it. */
static void on_tick(void *data)
{
	struct sl_server *server = data;
	uint64_t now = sl_now(), passed = now - server->ticked;
	/* That the loop was busy for long is not the clients' fault. */
	uint64_t late = passed > 2 * SECOND ? passed - SECOND : 0;
	struct client *client;

	listen_again(server);
	if (!server->count)
		sl_timer_set(&server->tick, 0, 0);
	server->ticked = now;
	sl_events_wake(server->daemon->events);
	for (client = server->clients; client; client = client->next) {
		client->deadline += client->waits ? passed : late;
		if (client->patient || now < client->deadline)
			continue;
		sl_debug("request: pid %d uid %u took too long", client->cred.pid,
			 client->cred.uid);
		shutdown(client->fd, SHUT_RDWR);
	}
}

/* --- start and end --- */

/* None of our paths has anything to unescape; and %00 would end one early. */
static size_t keep_escapes(void *data, struct MHD_Connection *connection, char *text)
{
	return strlen(text);
}

static int start_mhd(struct sl_server *server)
{
	const union MHD_DaemonInfo *info;

	server->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_escapes, NULL, MHD_OPTION_END);
	if (!server->mhd)
		return -EIO;
	info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	return sl_watch_add(&server->daemon->loop, &server->mhd_watch, info->epoll_fd, EPOLLIN,
			    on_mhd, server);
}

int sl_server_new(struct sl_server **out, struct sl_daemon *daemon, const struct sl_sock *sock,
		  gid_t readers)
{
	_cleanup_(sl_server_freep) struct sl_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	*server = (struct sl_server) {
		.daemon = daemon,
		.listen_fd = sock->fd,
		.readers = readers,
		.mhd_watch = SL_WATCH_INIT,
		.listen_watch = SL_WATCH_INIT,
		.again = SL_TIMER_INIT,
		.tick = SL_TIMER_INIT,
	};
	err = sl_timer_open(&daemon->loop, &server->again, on_again, server);
	if (!err)
		err = sl_timer_open(&daemon->loop, &server->tick, on_tick, server);
	if (!err)
		err = start_mhd(server);
	if (!err)
		err = sl_watch_add(&daemon->loop, &server->listen_watch, sock->fd, EPOLLIN,
				   on_connect, server);
	if (err) {
		sl_error("server: cannot be started: %s", strerror(-err));
		return err;
	}
	*out = TAKE_PTR(server);
	return 0;
}

void sl_server_freep(struct sl_server **server)
{
	struct sl_server *s = *server;

	if (!s)
		return;
	sl_watch_remove(&s->daemon->loop, &s->mhd_watch);
	if (s->mhd) {
		sl_events_end(s->daemon->events);
		MHD_stop_daemon(s->mhd);
	}
	while (s->clients)
		client_remove(s, s->clients);
	sl_watch_remove(&s->daemon->loop, &s->listen_watch);
	sl_timer_close(&s->daemon->loop, &s->again);
	sl_timer_close(&s->daemon->loop, &s->tick);
	free(s);
	*server = NULL;
}
