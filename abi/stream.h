/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/*
 * Messages that are put together, from SL_ARENA_STREAMS on: so many places, each for the first bytes
 * of one side of one flow. A place is the side's for as long as its ticket is the one that the side
 * has noted; who needs a place and finds none takes that of a message that is whole, and then the
 * one that has waited longest.
 */
#define SL_STREAM_BYTES	 16384U
#define SL_STREAM_RANGES 12U

#define SL_STREAMS_MIN 64U
#define SL_STREAMS     1024U /* unless the configuration says otherwise */
#define SL_STREAMS_MAX 2048U

struct sl_stream_pool {
	__u32 hand; /* where the next one is looked for */
	__u32 tickets; /* given out */
};

struct sl_stream_range {
	__u16 from;
	__u16 to;
};

struct sl_stream {
	__u32 ticket; /* 0: free */
	__u32 seen; /* ticks */
	__u32 whole; /* 1: nothing is waited for */
	__u32 nranges; /* bytes that are there: ascending, and none touches the next one */
	struct sl_stream_range range[SL_STREAM_RANGES];
};
_Static_assert(sizeof(struct sl_stream) == 64, "a cache line");

#define SL_STREAM_PLACES_OFFSET 0x00001000U /* struct sl_stream, one for each place */
#define SL_STREAM_BYTES_OFFSET	0x00040000U /* SL_STREAM_BYTES for each place */
_Static_assert(SL_STREAMS_MAX * sizeof(struct sl_stream) <=
		       SL_STREAM_BYTES_OFFSET - SL_STREAM_PLACES_OFFSET,
	       "places run into bytes");
