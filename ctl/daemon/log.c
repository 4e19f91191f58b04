/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

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

static void put_line(int level, const char *line, size_t length)
{
	size_t i;

	if (log_to.journal)
		fprintf(stderr, "<%d>", level);
	for (i = 0; i < length; i++) {
		/* An interface's name may hold an escape sequence: the kernel does not mind. */
		bool control = (unsigned char)line[i] < ' ' && line[i] != '\t';

		putc(control || line[i] == 0x7f ? '?' : line[i], stderr);
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
