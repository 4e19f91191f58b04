/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* Packets that take turns, as the bench and its programs share them; in the byte order of frames. */

#define FEED_FLOWS 65536

struct feed_flow4 {
	__u32 addr[2];
	__u16 port[2];
	__u8 proto;
	__u8 pad[3];
};

struct feed_flow6 {
	__u64 addr[4];
	__u16 port[2];
	__u8 proto;
	__u8 pad[3];
};
