/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Two interfaces in a namespace of their own, where the programs can send: what goes out of the one, or
 * in at it, is heard. One that is down, for what nobody takes.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "host.h"

/* 0, negative errno; -EPERM: this process may not make a namespace. */
int wire_open(void);
void wire_close(void);

extern __u32 wire_port, wire_down; /* ifindex */

struct wire_frame {
	__u8 bytes[PACKET_ROOM]; /* its outermost tag in its place */
	size_t len;
	bool came_in; /* at wire_port, else out of it */
};

/* The stack drops some frames before anybody can hear them. */
bool wire_carries(const __u8 *bytes, size_t len);
/* The next frame; false: there is none, after a wait if that is asked for. */
bool wire_take(struct wire_frame *frame, bool waits);
