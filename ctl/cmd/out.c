// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd.h"

static void say(const char *format, va_list args)
{
	fflush(stdout);
	fputs("sluicectl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int sl_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return SL_EXIT_FAILED;
}

int sl_misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return SL_EXIT_USAGE;
}

void sl_json_line(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

void sl_json_page(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

bool sl_out_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

static struct winsize window(void)
{
	struct winsize size = {};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size;
}

int sl_out_width(void)
{
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;

	return width > 0 ? width : window().ws_col;
}

int sl_out_height(void)
{
	return window().ws_row;
}

bool sl_out_closed(void)
{
	return ferror(stdout);
}

/* stdio remembers that a write failed, not why: a pipe or socket without a reader shows it here. */
static bool reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

int sl_out_end(int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (errno == EPIPE || reader_gone())
		return status;
	return sl_fail("cannot write the output: %s", strerror(errno ?: EIO));
}
