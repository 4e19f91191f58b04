/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What Sluice and its peers are given: rules that all drop, and packets of two kinds, such that a
 * rule matches and such that none does. What no rule matches is accepted.
 */

#include "gen.h"

enum work_kind {
	WORK_RULES, /* addresses, ports and protocols, in the shape of router access lists */
	WORK_ADDRS, /* a set of source addresses */
	WORK_PREFIXES, /* a set of source prefixes */
	WORK_KIND_MAX_
};

enum work_packets {
	WORK_HIT,
	WORK_MISS,
	WORK_PACKETS_MAX_
};

extern const char *const work_kind_names[WORK_KIND_MAX_];

struct work {
	enum work_kind kind;
	bool six;
	size_t count;
	/* Filled in by work_make; of a set, each rule is one of its elements. */
	struct gen_rule *rules;
	struct gen_packet *packets[WORK_PACKETS_MAX_];
	size_t npackets; /* of each, a power of 2 */
};

/* 0, or -ENOMEM. */
int work_make(struct work *work);
void work_clear(struct work *work);

static inline bool work_is_set(const struct work *work)
{
	return work->kind != WORK_RULES;
}
