/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * HTTP over the Unix socket. libmicrohttpd parses and writes, without threads: its epoll
 * descriptor is one of our loop's. Connections are accepted here, so that who it is and how many
 * there are is known before a byte is read.
 *
 * A client cannot hold up the loop, since nothing ever waits for one; nor keep others out for
 * long: a request must be done SL_CLIENT_SECONDS after the one before, body and answer included,
 * and root has SL_CLIENTS_MAX - SL_CLIENTS_READERS connections that nobody else can take.
 */

#include "sock.h"

#define SL_CLIENTS_MAX	   64
#define SL_CLIENTS_READERS 48
#define SL_CLIENT_SECONDS  10
#define SL_BODY_MAX	   (1 << 20)
/* Beyond that, readers are asked to come again: they may all want 100,000 rules and read none. */
#define SL_ANSWERS_MAX	   (64 << 20)

struct MHD_Connection;
struct sl_daemon;
struct sl_server;

/* sock stays the caller's. Requests are answered once the loop runs. */
int sl_server_new(struct sl_server **out, struct sl_daemon *daemon, const struct sl_sock *sock,
		  gid_t readers);
void sl_server_freep(struct sl_server **server);
/* Connections were resumed: libmicrohttpd does not notice by itself. */
void sl_server_go_on(struct sl_server *server);
/* The answer on this connection takes as long as it takes. */
void sl_server_patient(struct MHD_Connection *connection);
