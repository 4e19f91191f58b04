/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Packets that take turns, as the bench and its programs share them; in the byte order of frames. */

#define FEED_FLOWS 65536U
#define FEED_MOST  (1U << 20) /* room in the tables */

struct feed_flow4 {
	__u32 addr[2];
	__u16 port[2];
	__u8 proto;
	__u8 pad;
	__u16 csum; /* of the IPv4 header */
};

struct feed_flow6 {
	__u64 addr[4];
	__u16 port[2];
	__u8 proto;
	__u8 pad[3];
};
