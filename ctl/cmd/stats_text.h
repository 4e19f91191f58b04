/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Replies as tables; with rates when before is what the same counters were, seconds > 0 ago. */

#include <stdio.h>

#include <jansson.h>

int sl_stats_print(const json_t *stats, const json_t *before, double seconds, FILE *to);
int sl_rules_print(const json_t *rules, const json_t *before, double seconds, FILE *to);
