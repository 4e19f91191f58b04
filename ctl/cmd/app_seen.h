/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <jansson.h>

#include "arena.h"

struct sl_trial;

/*
 * What the application says in a packet that was judged, for people and for programs. Taken at once:
 * the next packet is read to the same place.
 */
struct sl_app_seen {
	json_t *fields; /* members of the packet's line */
	char text[1280]; /* "dns query A www.example.com"; empty: nothing known */
};

void sl_app_see(struct sl_app_seen *seen, const struct sl_trial *trial,
		const struct sl_trace *trace);
void sl_app_seen_clear(struct sl_app_seen *seen);
