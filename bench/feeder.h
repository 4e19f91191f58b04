/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The programs of feed.bpf.c, loaded, and the packets they write into frames. */

#include <stdbool.h>
#include <stddef.h>

#include "feed.h"
#include "gen.h"

enum feeder_kind {
	FEEDER_XDP, /* goes on to a program that takes frames of several buffers */
	FEEDER_XDP_LINEAR, /* to one that does not: a program array holds programs of one kind */
	FEEDER_TC,
	FEEDER_LIVE /* out of an interface, in live test runs */
};

#define FEEDER_ROOM 96 /* of a frame */

struct feed_bpf;
struct feeder {
	enum feeder_kind kind;
	struct feed_bpf *skel;
};

/* A negative errno when the programs cannot be loaded. */
int feeder_new(struct feeder *out, enum feeder_kind kind);
void feeder_clear(struct feeder *feeder);
/* Packets are handed to this program; or sent out of this interface. */
int feeder_to(struct feeder *feeder, int fd);
void feeder_out(struct feeder *feeder, int ifindex);

/* Packets that take turns; count is a power of 2, at most FEED_MOST. Starts with the first. */
void feeder_fill(struct feeder *feeder, const struct gen_packet *packets, size_t count);
void feeder_rewind(struct feeder *feeder);
int feeder_fd(const struct feeder *feeder, bool six);

/*
 * A frame that is TCP and UDP alike, whatever addresses and ports are written into it: a UDP length
 * where TCP has its sequence number, a data offset behind the UDP header. To 02:00:00:00:00:01.
 * Returns its length.
 */
size_t feeder_frame(unsigned char frame[FEEDER_ROOM], bool six);
