/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "app_seen.h"
#include "arena.h"
#include "capture.h"
#include "rules.h"

/* What was found about one packet. */
struct sl_judged {
	unsigned long number; /* from 1, as Wireshark counts */
	const struct sl_frame *frame;
	enum sl_hook hook;
	struct sl_trace trace;
	struct sl_app_seen app;
	const struct sl_conf_rule *rule; /* that decided; NULL: a reason did */
	int err; /* not 0: it could not be judged, and trace says nothing */
	const char *error; /* then why */
};

/* What was found in all: replay_sum.c. */
struct sl_replay_sum;

int sl_replay_sum_new(struct sl_replay_sum **out, const struct sl_conf *conf);
void sl_replay_sum_freep(struct sl_replay_sum **sum);
void sl_replay_sum_add(struct sl_replay_sum *sum, const struct sl_judged *judged);
int sl_replay_sum_print(const struct sl_replay_sum *sum);

/* What was found in a packet, as members of an object, and in words without an end of line. */
void sl_trace_json(json_t *line, const struct sl_trace *trace);
void sl_trace_print(const struct sl_trace *trace);
/* One line on stdout: replay_text.c. */
void sl_replay_print_json(const struct sl_judged *judged);
void sl_replay_print_text(const struct sl_judged *judged, const struct sl_frame *first);
