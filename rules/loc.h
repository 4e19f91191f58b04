/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

struct sl_source;

/* A stretch of a text, from byte begin to before byte end. source NULL: no place at all. */
struct sl_loc {
	const struct sl_source *source;
	__u32 begin;
	__u32 end;
};
