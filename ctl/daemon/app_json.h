/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <jansson.h>

#include "app.h"

/* The word of an application; null: none is known. */
json_t *sl_app_json(__u8 app);
/*
 * A name of length bytes, of which bytes has the last SL_FLOW_NAME; what is missing before them is
 * "...". Bytes that are no letter, digit or sign are \DDD, as in zone files. null: there is none.
 */
json_t *sl_app_name_json(const __u8 *bytes, __u8 length);
