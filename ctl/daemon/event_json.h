/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* An event as one line of Suricata's EVE: what is ours alone is in its "sluice" object. */

#include <jansson.h>

#include "event.h"

struct sl_dp;

/* bytes: of the packet, event->snap of them. NULL: no memory. */
json_t *sl_event_json(const struct sl_dp *dp, const struct sl_event *event,
		      const unsigned char *bytes);
/* "2026-11-21T14:37:37.000251+0000", of the real-time clock in ns. */
json_t *sl_event_time(__u64 ns);
