/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Tables for people: columns as wide as what they hold. On a terminal that is too narrow the
 * shrinking columns are cut with an ellipsis, so that a row stays a line; elsewhere nothing is cut.
 * Control characters become '?': what is shown may come from a foreign interface name or file.
 * When memory runs out, printing says so.
 */

#include <stdbool.h>
#include <stdio.h>

struct sl_table;

enum sl_column {
	SL_LEFT,
	SL_RIGHT,
	SL_SHRINK
};
enum sl_style {
	SL_PLAIN,
	SL_GOOD,
	SL_BAD,
	SL_DIM
};

struct sl_table *sl_table_new(void);
void sl_table_freep(struct sl_table **table);
/* All columns come before the first row. */
void sl_table_column(struct sl_table *table, enum sl_column kind, const char *title);
/* Fills the row from left to right; a new row begins when it is full. */
void sl_table_cell(struct sl_table *table, enum sl_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool sl_table_is_empty(const struct sl_table *table);
/* Prints nothing when there are no rows. */
int sl_table_print(const struct sl_table *table, FILE *to);

/* What of text is fit to be shown, into buffer; for lines outside a table. */
const char *sl_clean(const char *text, char *buffer, size_t size);

/* 1536 as "1.5 KiB"; a rate of bits as "12.3 Mbit/s". */
const char *sl_text_bytes(double bytes, char *buffer, size_t size);
const char *sl_text_bits(double bits, char *buffer, size_t size);
/* 3723 seconds as "1h 2m". */
const char *sl_text_age(long long seconds, char *buffer, size_t size);
