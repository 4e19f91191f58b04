/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Capture files: packets out of pcap and pcapng, packets into pcap. Nothing here prints. */

#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#define SL_CAPTURE_ERROR 512

struct sl_frame {
	const __u8 *data; /* until the next one is read */
	size_t captured;
	size_t length; /* on the wire; more than captured when the capture cut it */
	int64_t seconds; /* since the epoch */
	__u32 nanoseconds;
};

struct sl_capture;

/* path "-": standard input. error gets the words for what is wrong with the file. */
int sl_capture_open(struct sl_capture **out, const char *path, char error[SL_CAPTURE_ERROR]);
void sl_capture_freep(struct sl_capture **capture);
/* 1: frame is filled. 0: the file is over. Negative: it is corrupt here, and error says how. */
int sl_capture_next(struct sl_capture *capture, struct sl_frame *frame,
		    char error[SL_CAPTURE_ERROR]);

struct sl_capture_out;

/* -EINVAL: it is the file that capture is read from. */
int sl_capture_create(struct sl_capture_out **out, const char *path,
		      const struct sl_capture *capture, char error[SL_CAPTURE_ERROR]);
void sl_capture_put(struct sl_capture_out *out, const struct sl_frame *frame);
/* Closes it: only now is it known whether all was written. */
int sl_capture_finish(struct sl_capture_out **out);
void sl_capture_out_freep(struct sl_capture_out **out);
