/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#define SL_TRAFFIC (1U << 20) /* addresses before they come again */

struct sl_traffic {
	__u8 addr[16]; /* as on the wire; IPv4: the first four bytes. Of names: a label */
};
