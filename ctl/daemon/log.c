/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "utf8.h"

static struct {
	int max;
	bool journal;
} log_to = { .max = LOG_INFO };

/* JOURNAL_STREAM names the journal's socket; a unit may have sent standard error elsewhere. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st))
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void sl_log_init(bool debug)
{
	log_to.max = debug ? LOG_DEBUG : LOG_INFO;
	log_to.journal = stderr_is_journal();
	/* A line is one write, so that lines of several processes do not mix. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
}

/*
 * Paths of requests and names of interfaces may hold anything: escape sequences, halves of
 * characters. Returns how many bytes of text can be shown as they are: those of a character or 0.
 */
static size_t shown(const char *text, size_t left)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (*byte == 0x7f || (*byte < ' ' && *byte != '\t'))
		return 0;
	if (left > 1 && byte[0] == 0xc2 && byte[1] < 0xa0)
		return 0; /* control characters once more */
	return sl_utf8_length(text, left);
}

static void put_line(int level, const char *line, size_t length)
{
	size_t step;

	if (log_to.journal)
		fprintf(stderr, "<%d>", level);
	for (; length; line += step, length -= step) {
		step = shown(line, length);
		if (step)
			fwrite(line, 1, step, stderr);
		else
			putc('?', stderr);
		step += !step;
	}
	putc('\n', stderr);
}

void sl_log_text(int level, const char *text)
{
	size_t length;

	if (level > log_to.max)
		return;
	for (; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		put_line(level, text, length);
	}
}

void sl_vlog(int level, const char *format, va_list args)
{
	_cleanup_free_ char *line = NULL;

	if (level > log_to.max)
		return;
	if (vasprintf(&line, format, args) < 0) {
		line = NULL;
		return;
	}
	put_line(level, line, strlen(line));
}

void sl_log(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sl_vlog(level, format, args);
	va_end(args);
}
