/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The listening Unix socket, and the lock file beside it that tells a live owner from a dead one.
 */

#include <sys/types.h>

struct sl_sock {
	const char *path;
	int fd; /* listening, not blocking; -1: none */
	int lock;
};

#define SL_SOCK_INIT { .fd = -1, .lock = -1 }

/* For root, and for group unless it is (gid_t)-1. What goes wrong is logged. */
int sl_sock_open(struct sl_sock *sock, const char *path, gid_t group);
/* Removes the socket; the lock file stays, as removing it would open a race. */
void sl_sock_close(struct sl_sock *sock);
