/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sl_texts_add(struct sl_texts *texts, const char *text, size_t length, bool lower)
{
	char **v = (char **)realloc((void *)texts->v, (texts->count + 1) * sizeof(*v));
	char *copy;
	size_t i;

	if (!v)
		return -ENOMEM;
	texts->v = v;
	copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	for (i = 0; lower && i < length; i++)
		copy[i] += copy[i] >= 'A' && copy[i] <= 'Z' ? 'a' - 'A' : 0;
	v[texts->count++] = copy;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void sl_texts_sort(struct sl_texts *texts)
{
	size_t i, kept = 0;

	if (!texts->count)
		return;
	qsort((void *)texts->v, texts->count, sizeof(*texts->v), compare);
	for (i = 0; i < texts->count; i++) {
		if (kept && !strcmp(texts->v[kept - 1], texts->v[i]))
			free(texts->v[i]);
		else
			texts->v[kept++] = texts->v[i];
	}
	texts->count = kept;
}

int sl_texts_copy(struct sl_texts *to, const struct sl_texts *from)
{
	size_t i;
	int err;

	for (i = 0; i < from->count; i++) {
		err = sl_texts_add(to, from->v[i], strlen(from->v[i]), false);
		if (err)
			return err;
	}
	return 0;
}

bool sl_texts_equal(const struct sl_texts *a, const struct sl_texts *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count && !strcmp(a->v[i], b->v[i]); i++)
		;
	return i == a->count;
}

void sl_texts_clear(struct sl_texts *texts)
{
	size_t i;

	for (i = 0; i < texts->count; i++)
		free(texts->v[i]);
	free((void *)texts->v);
	*texts = (struct sl_texts) {};
}
