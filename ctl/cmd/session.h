/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The SSH session by which a command is given, and the interfaces that it comes in by. */

#include <net/if.h>

#include "packet.h"

/* An interface that packets of the session pass, and the VLAN tags that they have there. */
struct sl_way {
	char iface[IF_NAMESIZE];
	unsigned int tags;
	__u16 tag[2]; /* the outer one first */
};

#define SL_WAYS 16

struct sl_session {
	struct sl_packet in; /* client to host, as its packets look: TCP, ACK */
	struct sl_packet out;
	/* The interface of the route, and those below it: of a VLAN, the ports of a bridge. */
	struct sl_way ways[SL_WAYS];
	size_t nways;
	char text[160]; /* for messages */
};

/*
 * From SSH_CONNECTION, or, where sudo has taken that away, from the sshd among the processes that
 * began this one. False: there is none, or it does not come by an interface of this namespace.
 */
bool sl_session_find(struct sl_session *out);

/* route.c: the interfaces by which packets to an address leave, and whether one is our own. */
size_t sl_route_find(struct sl_way ways[SL_WAYS], bool six, const __u8 *to, const __u8 *from);
bool sl_route_is_local(bool six, const __u8 *addr);
