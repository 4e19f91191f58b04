// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What libbpf and libxdp have to say, line by line. All of it is at debug level but for the
 * verifier's log of a program that the kernel refused: that is kept whole.
 */

#include "dp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "private.h"

static void (*log_fn)(int level, const char *line);
static bool trying; /* a refusal is an answer */
static bool in_verifier_log;

void sl_dp_set_log(void (*fn)(int level, const char *line))
{
	log_fn = fn;
}

void dp_log_trying(bool on)
{
	trying = on;
}

void dp_log(int level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!log_fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_fn(level, line);
}

static void log_line(const char *line)
{
	bool verifier = in_verifier_log;

	if (strstr(line, "-- BEGIN PROG LOAD LOG --"))
		verifier = in_verifier_log = true;
	if (strstr(line, "-- END PROG LOAD LOG --"))
		in_verifier_log = false;
	if (*line)
		log_fn(verifier && !trying ? LOG_WARNING : LOG_DEBUG, line);
}

static int log_lines(const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (!log_fn || vasprintf(&text, format, args) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		log_line(line);
	return 0;
}

static int from_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return log_lines(format, args);
}

static int from_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	return log_lines(format, args);
}

void dp_log_init(void)
{
	libbpf_set_print(from_libbpf);
	libxdp_set_print(from_libxdp);
}
