/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The SSH session by which a command is given, and the interface that it comes in by. */

#include <net/if.h>

#include "packet.h"

struct sl_session {
	struct sl_packet in; /* client to host, as its packets look: TCP, ACK */
	struct sl_packet out;
	char iface[IF_NAMESIZE];
	char text[160]; /* for messages */
};

/*
 * From SSH_CONNECTION, or, where sudo has taken that away, from the sshd among the processes that
 * began this one. False: there is none, or it does not come by an interface of this namespace.
 */
bool sl_session_find(struct sl_session *out);

/* route.c: the interface by which packets to an address leave, and whether one is our own. */
bool sl_route_find(char iface[IF_NAMESIZE], bool six, const __u8 *to, const __u8 *from);
bool sl_route_is_local(bool six, const __u8 *addr);
