/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "app_seen.h"
#include "arena.h"
#include "capture.h"
#include "rules.h"
#include "split.h"

/* A rule that the packet was compared with. */
struct sl_candidate {
	const struct sl_conf_rule *rule;
	bool matched;
	bool decided;
	size_t first; /* of its parts in sl_explained.split */
	size_t count;
};

/* What there is to say about one packet. */
struct sl_explained {
	unsigned long number; /* in the capture; 0: it was given in words */
	const struct sl_frame *frame;
	const struct sl_conf *conf;
	enum sl_hook hook;
	const char *iface; /* NULL: none in particular */
	struct sl_trace trace; /* at that hook */
	struct sl_app_seen app; /* the same */
	bool goes_on; /* XDP left it to TC ingress */
	struct sl_trace end; /* where it was decided: the same, or at TC ingress */
	const struct sl_conf_rule *rule; /* that decided; NULL: a reason did, or a first fragment */
	bool asked; /* whether rules were asked at all */
	bool later; /* a fragment that takes the verdict of its first one */
	size_t total; /* rules of the chain */
	size_t listed; /* of them, those that packets of its kind are compared with */
	unsigned int trees;
	size_t skipped; /* compared and not matched, before the first of the candidates */
	struct sl_candidate *candidates;
	size_t ncandidates;
	struct sl_split split;
	bool *held; /* for each part */
};

/* explain_text.c */
void sl_explain_print_text(const struct sl_explained *explained);
void sl_explain_print_json(const struct sl_explained *explained);
