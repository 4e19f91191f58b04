/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "diag.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "utf8.h"

/* A line longer than this is shown in part: so much before the place, so much in all. */
#define LINE_MAX_SHOWN 200
#define LINE_BEFORE    60

/* Bytes that would disturb a terminal or JSON become '?'. */
static void add_clean(struct sl_buf *buf, const char *text, size_t length)
{
	size_t step;

	for (; length; text += step, length -= step) {
		step = sl_utf8_length(text, length);
		if (!step || ((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
			step = 1;
			sl_buf_write(buf, "?", 1);
		} else {
			sl_buf_write(buf, text, step);
		}
	}
}

/* The line around the place, and where in it the caret goes. */
static int quote_line(struct sl_diag_entry *entry, const struct sl_loc *loc)
{
	const char *text = loc->source->text, *place = text + loc->begin;
	const char *end = text + loc->source->length, *from = place - (entry->column - 1);
	const char *to = memchr(place, '\n', (size_t)(end - place));
	const char *line = from;
	struct sl_buf buf = {};

	if (!to)
		to = end;
	if (to > from && to > place && to[-1] == '\r')
		to--;
	end = to;
	if (to - from > LINE_MAX_SHOWN) {
		if (place - from > LINE_BEFORE)
			from = place - LINE_BEFORE;
		if (to - from > LINE_MAX_SHOWN)
			to = from + LINE_MAX_SHOWN;
	}
	if (from > line)
		sl_buf_add(&buf, "...");
	entry->caret = (unsigned int)(place - from + buf.length) + 1;
	add_clean(&buf, from, (size_t)(to - from));
	if (to < end)
		sl_buf_add(&buf, "...");
	if (entry->width > to - place)
		entry->width = to > place ? (unsigned int)(to - place) : 1;
	return sl_buf_take(&buf, &entry->text);
}

static void entry_clear(struct sl_diag_entry *entry)
{
	free(entry->file);
	free(entry->message);
	free(entry->text);
}

static int entry_fill(struct sl_diag_entry *entry, const struct sl_loc *loc, const char *message)
{
	struct sl_buf buf = {};
	int err;

	add_clean(&buf, message, strlen(message));
	err = sl_buf_take(&buf, &entry->message);
	if (err || !loc || !loc->source)
		return err;
	entry->file = strdup(loc->source->name);
	if (!entry->file)
		return -ENOMEM;
	entry->order = loc->source->order;
	sl_source_position(loc, &entry->line, &entry->column);
	entry->width = loc->end > loc->begin ? loc->end - loc->begin : 1;
	return quote_line(entry, loc);
}

/* The values of a definition are looked at wherever it is used. */
static bool is_known(const struct sl_diag *diag, const struct sl_diag_entry *entry)
{
	size_t i;

	for (i = 0; entry->file && i < diag->count; i++) {
		const struct sl_diag_entry *other = &diag->entries[i];

		if (other->order == entry->order && other->line == entry->line &&
		    other->column == entry->column && !strcmp(other->message, entry->message))
			return true;
	}
	return false;
}

/* 1: it was there already. */
static int diag_add(struct sl_diag *diag, enum sl_severity severity, const struct sl_loc *loc,
		    const char *message)
{
	struct sl_diag_entry entry = { .severity = severity }, *entries;
	int err;

	if (diag->count >= (diag->max ? diag->max : SL_DIAG_MAX))
		return 0;
	err = entry_fill(&entry, loc, message);
	if (err) {
		entry_clear(&entry);
		return err;
	}
	if (is_known(diag, &entry)) {
		entry_clear(&entry);
		return 1;
	}
	entries = realloc(diag->entries, (diag->count + 1) * sizeof(*entries));
	if (!entries) {
		entry_clear(&entry);
		return -ENOMEM;
	}
	diag->entries = entries;
	diag->entries[diag->count++] = entry;
	return 0;
}

static int diag_vadd(struct sl_diag *diag, enum sl_severity severity, const struct sl_loc *loc,
		     const char *format, va_list args)
{
	char message[1024];
	int err;

	vsnprintf(message, sizeof(message), format, args);
	err = diag_add(diag, severity, loc, message);
	if (err < 0)
		return err;
	if (severity == SL_WARNING)
		return 0;
	diag->errors += !err;
	return -EINVAL;
}

int sl_diag_error(struct sl_diag *diag, const struct sl_loc *loc, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = diag_vadd(diag, SL_ERROR, loc, format, args);
	va_end(args);
	return err;
}

int sl_diag_warn(struct sl_diag *diag, const struct sl_loc *loc, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = diag_vadd(diag, SL_WARNING, loc, format, args);
	va_end(args);
	return err;
}

void sl_diag_clear(struct sl_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++)
		entry_clear(&diag->entries[i]);
	free(diag->entries);
	*diag = (struct sl_diag) { .max = diag->max };
}

static bool is_before(const struct sl_diag_entry *a, const struct sl_diag_entry *b)
{
	if (a->order != b->order)
		return a->order < b->order;
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* By insertion: entries are few, mostly in order, and those of one place must stay as they are. */
void sl_diag_sort(struct sl_diag *diag, size_t first)
{
	size_t i, j;

	for (i = first + 1; i < diag->count; i++) {
		struct sl_diag_entry entry = diag->entries[i];

		for (j = i; j > first && is_before(&entry, &diag->entries[j - 1]); j--)
			diag->entries[j] = diag->entries[j - 1];
		diag->entries[j] = entry;
	}
}

/* A column for each character before the place, tabs as they are: so the caret stands below. */
static void print_caret(const struct sl_diag_entry *entry, FILE *to)
{
	const char *c, *place = entry->text + entry->caret - 1, *end = place + entry->width;

	for (c = entry->text; c < place && *c; c++) {
		if ((*c & 0xc0) != 0x80)
			fputc(*c == '\t' ? '\t' : ' ', to);
	}
	fputc('^', to);
	for (c = place; c < end && *c; c++) {
		if (c > place && (*c & 0xc0) != 0x80)
			fputc('~', to);
	}
	fputc('\n', to);
}

void sl_diag_print(const struct sl_diag *diag, FILE *to)
{
	size_t i, errors = 0;

	for (i = 0; i < diag->count; i++) {
		const struct sl_diag_entry *entry = &diag->entries[i];

		if (entry->file && entry->line)
			fprintf(to, "%s:%u:%u: ", entry->file, entry->line, entry->column);
		fprintf(to, "%s: %s\n", entry->severity == SL_ERROR ? "error" : "warning",
			entry->message);
		if (entry->text) {
			fprintf(to, "%s\n", entry->text);
			print_caret(entry, to);
		}
		errors += entry->severity == SL_ERROR;
	}
	if (diag->errors > errors)
		fprintf(to, "and %zu more %s\n", diag->errors - errors,
			diag->errors - errors == 1 ? "error" : "errors");
}
