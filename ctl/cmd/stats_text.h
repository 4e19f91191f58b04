/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* A stats reply as tables. before: an earlier reply, for rates; NULL: no rates. */

#include <stdio.h>

#include <jansson.h>

int sl_stats_print(const json_t *stats, const json_t *before, FILE *to);
int sl_rules_print(const json_t *rules, const json_t *before, double seconds, FILE *to);
