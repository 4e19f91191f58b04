/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What a side of a connection sends. */

#include "fuzz.h"

#define STREAM_PIECES 4

struct stream {
	struct draft bytes;
	__u32 end[STREAM_PIECES]; /* where each message, or what is none, ends */
	int pieces;
};

struct segment {
	__u32 at; /* place of its first byte */
	__u32 before; /* bytes that are none of the stream's, before the others */
	__u32 from, size; /* of the stream */
	bool other; /* some are others */
	bool is_server;
};

void make_stream(struct chance *c, struct stream *s, const struct wish *w, int app, bool is_server);
int cut_stream(struct chance *c, const struct stream *s, struct segment *segments, int room);
/* Of a segment as it was cut. */
void spoil_segment(struct chance *c, const struct stream *s, struct segment *segment);
