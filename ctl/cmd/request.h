/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* One request for one verb; and what a reply holds, whatever it may lack. */

#include <jansson.h>

struct sl_ctl;

/* Returns an exit status; what is wrong has been said. body NULL: GET. Takes over body. */
int sl_request(struct sl_ctl *ctl, const char *path, json_t *body, json_t **out);

void sl_json_freep(json_t **value);
#define _cleanup_json_ __attribute__((cleanup(sl_json_freep)))

/* The string at key, or "-". */
const char *sl_json_text(const json_t *object, const char *key);
/* The same, or NULL. */
const char *sl_json_text_or_null(const json_t *object, const char *key);
json_int_t sl_json_int(const json_t *object, const char *key);
