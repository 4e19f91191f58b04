/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Who is at the other end of a connection, as the kernel noted when it connected. */

#include <stdbool.h>
#include <sys/types.h>

struct sl_cred {
	pid_t pid;
	uid_t uid;
	bool may_read;
	bool may_change;
};

/* The group whose members may read; (gid_t)-1: there is none. */
gid_t sl_cred_group(const char *name);
int sl_cred_get(struct sl_cred *out, int fd, gid_t readers);
