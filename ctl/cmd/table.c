// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cleanup.h"
#include "out.h"

#define COLUMNS_MAX 16
#define GAP	    2
#define SHRUNK_MIN  8

struct cell {
	char *text;
	int width; /* in columns of the terminal */
	enum sl_style style;
};

struct column {
	const char *title;
	enum sl_column kind;
	int width;
};

struct sl_table {
	struct column columns[COLUMNS_MAX];
	int ncolumns;
	struct cell *cells;
	size_t ncells;
	bool failed;
};

struct sl_table *sl_table_new(void)
{
	return calloc(1, sizeof(struct sl_table));
}

void sl_table_freep(struct sl_table **table)
{
	size_t i;

	if (!*table)
		return;
	for (i = 0; i < (*table)->ncells; i++)
		free((*table)->cells[i].text);
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

void sl_table_column(struct sl_table *table, enum sl_column kind, const char *title)
{
	struct column *column;

	if (!table || table->ncolumns == COLUMNS_MAX)
		return;
	column = &table->columns[table->ncolumns++];
	column->title = title;
	column->kind = kind;
	column->width = (int)strlen(title);
}

/*
 * Takes the next character of text: its length in bytes, 0 at the end, and how wide it is shown.
 * -1 for a byte that is no character or that no terminal should see.
 */
static int next_char(const char *text, int *width)
{
	mbstate_t state = {};
	wchar_t wide;
	size_t length = mbrtowc(&wide, text, MB_CUR_MAX, &state);

	*width = 1;
	if (!length)
		return 0;
	if (length == (size_t)-1 || length == (size_t)-2 || !iswprint((wint_t)wide))
		return -1;
	*width = wcwidth(wide);
	if (*width < 0)
		return -1;
	return (int)length;
}

/* In place: a byte for a byte, so it never grows. */
static int clean(char *text)
{
	int all = 0, width, length;

	while ((length = next_char(text, &width))) {
		if (length < 0)
			*text = '?';
		text += length < 0 ? 1 : length;
		all += width;
	}
	return all;
}

const char *sl_clean(const char *text, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s", text);
	clean(buffer);
	return buffer;
}

void sl_table_cell(struct sl_table *table, enum sl_style style, const char *format, ...)
{
	struct column *column;
	struct cell *cells, *cell;
	va_list args;
	int length;

	if (!table || table->failed)
		return;
	cells = reallocarray(table->cells, table->ncells + 1, sizeof(*cells));
	if (!cells) {
		table->failed = true;
		return;
	}
	table->cells = cells;
	cell = &cells[table->ncells];
	va_start(args, format);
	length = vasprintf(&cell->text, format, args);
	va_end(args);
	if (length < 0) {
		table->failed = true;
		return;
	}
	cell->style = style;
	cell->width = clean(cell->text);
	column = &table->columns[table->ncells++ % (size_t)table->ncolumns];
	if (cell->width > column->width)
		column->width = cell->width;
}

/* Takes from the widest shrinking column until the row fits or none can give. */
static void fit(struct column *columns, int count, int limit)
{
	int all = (count - 1) * GAP, i;
	struct column *widest;

	for (i = 0; i < count; i++)
		all += columns[i].width;
	while (limit && all > limit) {
		widest = NULL;
		for (i = 0; i < count; i++) {
			if (columns[i].kind == SL_SHRINK && columns[i].width > SHRUNK_MIN &&
			    (!widest || columns[i].width > widest->width))
				widest = &columns[i];
		}
		if (!widest)
			return;
		widest->width--;
		all--;
	}
}

/* As much of text as fits, with "..." in place of the rest. */
static int print_cut(const char *text, int limit, FILE *to)
{
	int shown = 0, width, length;

	while ((length = next_char(text, &width)) > 0 && shown + width <= limit - 3) {
		fwrite(text, 1, (size_t)length, to);
		text += length;
		shown += width;
	}
	fputs("...", to);
	return shown + 3;
}

static const char *style_code(enum sl_style style, bool colours)
{
	static const char *const codes[] = {
		[SL_GOOD] = "\033[32m",
		[SL_BAD] = "\033[31m",
		[SL_DIM] = "\033[2m",
	};

	return colours && style != SL_PLAIN ? codes[style] : NULL;
}

static void print_cell(const struct cell *cell, const struct column *column, bool last,
		       bool colours, FILE *to)
{
	const char *code = style_code(cell->style, colours);
	int pad = column->width - cell->width, shown;

	if (column->kind == SL_RIGHT)
		fprintf(to, "%*s", pad, "");
	if (code)
		fputs(code, to);
	if (pad < 0) {
		shown = print_cut(cell->text, column->width, to);
		pad = column->width - shown;
	} else {
		fputs(cell->text, to);
	}
	if (code)
		fputs("\033[0m", to);
	if (last)
		fputc('\n', to);
	else
		fprintf(to, "%*s", GAP + (column->kind == SL_RIGHT ? 0 : pad), "");
}

static void print_titles(const struct column *columns, int count, bool colours, FILE *to)
{
	int i;

	for (i = 0; i < count; i++) {
		struct cell title = { .text = (char *)columns[i].title };

		title.width = (int)strlen(columns[i].title);
		title.style = SL_DIM;
		print_cell(&title, &columns[i], i == count - 1, colours, to);
	}
}

bool sl_table_is_empty(const struct sl_table *table)
{
	return !table || !table->ncells;
}

int sl_table_print(const struct sl_table *table, FILE *to)
{
	bool colours = sl_out_colours();
	struct column columns[COLUMNS_MAX];
	size_t i;

	if (!table || table->failed) {
		sl_fail("out of memory");
		return -ENOMEM;
	}
	if (!table->ncells)
		return 0;
	memcpy(columns, table->columns, sizeof(columns));
	fit(columns, table->ncolumns, sl_out_width());
	print_titles(columns, table->ncolumns, colours, to);
	for (i = 0; i < table->ncells; i++) {
		int at = (int)(i % (size_t)table->ncolumns);

		print_cell(&table->cells[i], &columns[at], at == table->ncolumns - 1, colours, to);
	}
	return 0;
}

static const char *scaled(double value, double step, const char *const *units, char *buffer,
			  size_t size)
{
	int unit = 0;

	for (; value >= step && units[unit + 1]; unit++)
		value /= step;
	snprintf(buffer, size, "%.*f %s", unit && value < 100 ? 1 : 0, value, units[unit]);
	return buffer;
}

const char *sl_text_bytes(double bytes, char *buffer, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL };

	return scaled(bytes, 1024, units, buffer, size);
}

const char *sl_text_bits(double bits, char *buffer, size_t size)
{
	static const char *const units[] = {
		"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", NULL
	};

	return scaled(bits, 1000, units, buffer, size);
}

const char *sl_text_age(long long seconds, char *buffer, size_t size)
{
	if (seconds < 60)
		snprintf(buffer, size, "%llds", seconds);
	else if (seconds < 3600)
		snprintf(buffer, size, "%lldm %llds", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(buffer, size, "%lldh %lldm", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(buffer, size, "%lldd %lldh", seconds / 86400, seconds / 3600 % 24);
	return buffer;
}
