/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Texts that a field of a message is compared with, as written; in lower case where case is nothing. */
struct sl_texts {
	char **v; /* ascending, each once */
	size_t count;
};

#define SL_TEXT_MAX 255U

/* 0 or -ENOMEM. */
int sl_texts_add(struct sl_texts *texts, const char *text, size_t length, bool lower);
void sl_texts_sort(struct sl_texts *texts);
int sl_texts_copy(struct sl_texts *to, const struct sl_texts *from);
bool sl_texts_equal(const struct sl_texts *a, const struct sl_texts *b);
void sl_texts_clear(struct sl_texts *texts);
