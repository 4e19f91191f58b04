/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Packets one after the other, where what becomes of one depends on those before it. */

#include "packet.h"
#include "reason.h"
#include "verdict.h"

struct step {
	const struct layer *frame; /* NULL: no packet, time passes or rules change */
	enum sl_verdict verdict;
	enum sl_reason reason;
	const char
		*by; /* the rule that decided; NULL: a reason, or the policy where there is none */
	__u64 wait; /* ns */
	const char *reload; /* new rules */
};

struct sequence {
	const char *name;
	const char *rules; /* of the chain, for ingress and egress; NULL: "policy accept" */
	const struct step *steps;
	const char *on; /* `on` lines */
};

struct sequences {
	const struct sequence *sequences;
	size_t count;
};

extern const struct sequences sequences_fragments, sequences_evasions;

/* clang-format off */
#define STEPS(...) .steps = (const struct step[]){ __VA_ARGS__, {} }
#define PASS(...)  { .frame = pkt(__VA_ARGS__), .verdict = SL_ACCEPT }
#define PASS_BY(rule, ...) { .frame = pkt(__VA_ARGS__), .verdict = SL_ACCEPT, .by = rule }
#define LOSE(why, ...)                                                                             \
	{ .frame = pkt(__VA_ARGS__), .verdict = SL_DROP, .reason = SL_REASON_##why }
#define LOSE_BY(rule, ...) { .frame = pkt(__VA_ARGS__), .verdict = SL_DROP, .by = rule }
#define LET(why, ...)                                                                              \
	{ .frame = pkt(__VA_ARGS__), .verdict = SL_ACCEPT, .reason = SL_REASON_##why }
#define WAIT(seconds) { .wait = (seconds) * 1000000000ULL }
#define RELOAD(text)  { .reload = (text) }
/* clang-format on */

#define SEQUENCES(table) { table, sizeof(table) / sizeof(*(table)) }
