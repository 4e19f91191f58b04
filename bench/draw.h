/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Packets for rules of gen.c. */

#include "gen.h"

/* One in the box of a rule from first on. */
void draw_in(struct gen_random *r, const struct gen_rule *rules, size_t count, size_t first,
	     bool six, struct gen_packet *out);
/*
 * One that no rule matches: source and ports of one rule, destination of another, so that a walk
 * must look close. Takes long where there are many rules.
 */
void draw_none(struct gen_random *r, const struct gen_rule *rules, size_t count, bool six,
	       struct gen_packet *out);
/* How many different ones a bench should draw with draw_none, of as many as wanted. */
size_t draw_distinct(size_t rules, size_t wanted);
