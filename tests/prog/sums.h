/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The checksums of a frame, computed anew, byte by byte: nothing of this is shared with the data
 * path. Frames are whole: their headers' lengths are true.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Writes all of them. */
void sums_fill(__u8 *frame, size_t len);
/* Whether all of them are right; UDP over IPv4 may have none. */
bool sums_good(const __u8 *frame, size_t len);
