/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#define SL_QUERIES (1U << 20) /* names before they come again */

struct sl_query {
	__u8 bytes[16]; /* of the first label */
};
