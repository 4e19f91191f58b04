/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <jansson.h>

/* Text of foreign make, as an interface's name: bytes that are no UTF-8 become U+FFFD. */
json_t *sl_json_text(const char *text);

/* Adds a member; a value that could not be made is noticed when the whole is checked. */
static inline void sl_json_set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

/* {"error": words} as *reply; returns status. */
__attribute__((format(printf, 3, 4))) int sl_json_error(json_t **reply, int status,
							const char *format, ...);
