/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 40

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	a = b < a ? b : a;
	return c < a ? c : a;
}

/*
 * Edits from a to b: a letter more, less or other, or two neighbours swapped (optimal string
 * alignment); case does not count.
 */
static unsigned int distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned int rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
	size_t i, j;

	for (j = 0; j <= nb; j++)
		last[j] = (unsigned int)j;
	memcpy(before, last, sizeof(rows[0]));
	for (i = 1; i <= na; i++) {
		unsigned int *oldest = before;

		row[0] = (unsigned int)i;
		for (j = 1; j <= nb; j++) {
			int same = tolower((unsigned char)a[i - 1]) ==
				   tolower((unsigned char)b[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[nb];
}

struct sl_suggest sl_suggest_for(const char *word)
{
	size_t length = strlen(word);

	/* One slip in a short word, up to three in a long one. */
	return (struct sl_suggest) {
		.word = word,
		.distance = length < 2	 ? 0
			    : length < 5 ? 2
			    : length < 9 ? 3
					 : 4,
	};
}

void sl_suggest_offer(struct sl_suggest *suggest, const char *candidate)
{
	size_t nw = strlen(suggest->word), nc = strlen(candidate);
	unsigned int edits;

	if (nw > WORD_MAX || nc > WORD_MAX)
		return;
	edits = distance(suggest->word, nw, candidate, nc);
	if (edits < suggest->distance && edits < nc) {
		suggest->distance = edits;
		suggest->best = candidate;
	}
}

const char *sl_suggest_hint(const struct sl_suggest *suggest, char hint[SL_SUGGEST_HINT_MAX])
{
	hint[0] = '\0';
	if (suggest->best)
		snprintf(hint, SL_SUGGEST_HINT_MAX, ", did you mean '%s'?", suggest->best);
	return hint;
}
