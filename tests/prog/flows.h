/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The flow tables of both arenas, as the tests fill and read them. */

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define FLOWS_MAX 65536U /* places that the tests use */

/* Empty, and with a secret of its own. */
void flows_clear(void);
/* With a secret that anybody knows: a word whose halves change places has the same hash. */
void flows_no_secret(void);
/* As if all that was seen so far had come that many seconds earlier. */
void flows_age(unsigned int seconds);
/* The flow of an arena whose key has these ports and protocol, NULL: none. */
struct sl_flow *flows_find(char *arena, __u16 port, __u16 other, __u8 proto);
struct sl_flow_more *flows_more(char *arena, const struct sl_flow *flow);
/* What a side of it has sent. */
struct sl_counter flows_sum(char *arena, const struct sl_flow *flow, unsigned int side);
/* What is known of its application. */
struct sl_flow_app *flows_app(char *arena, const struct sl_flow *flow);
size_t flows_count(const char *arena);
/* Sums over CPUs. */
struct sl_flow_stats flows_stats(const char *arena, __u32 ncpus);
/* Whether both arenas hold the same flows, with the same words but for times and places. */
bool flows_same(void);
