/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/*
 * Finds what a misspelt word was meant to be: offer all candidates, then look at best, which stays
 * NULL when none is close.
 */
struct sl_suggest {
	const char *word;
	const char *best;
	unsigned int distance; /* of best */
};

struct sl_suggest sl_suggest_for(const char *word);
void sl_suggest_offer(struct sl_suggest *suggest, const char *candidate);

/* ", did you mean 'BEST'?" or "". */
#define SL_SUGGEST_HINT_MAX 96
const char *sl_suggest_hint(const struct sl_suggest *suggest, char hint[SL_SUGGEST_HINT_MAX]);
