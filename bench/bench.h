/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the parts of the bench share. Functions print what failed and return 1, or 0. */

#include <stdbool.h>

#include "dp.h"

int bench_fail(const char *what, const char *why);
/* CPU time of this thread. */
double bench_seconds(void);
/* Compiles the text and puts it in force. */
int bench_apply(struct sl_dp *dp, const char *text);

/* A packet of length bytes, many times; *least becomes the ns of one if that is less than it was. */
int bench_turn(const char *name, int fd, enum sl_hook hook, size_t length, double *least);

/* latency.c: the machine's memory. */
int bench_latency(void);
/* features.c: rules that ask or do more than addresses and ports. */
int bench_features(struct sl_dp *dp);
/* flows.c: packets of many flows. */
int bench_flows(struct sl_dp *dp);
/* dns.c: reading DNS messages. */
int bench_dns(struct sl_dp *dp);
/* scan.c: texts that are looked for in payloads. */
int bench_scan(struct sl_dp *dp);
/* rules.c: rule sets of many rules. full: all shapes, sizes and hooks, and not a choice of them. */
int bench_rules(struct sl_dp *dp, bool full);
