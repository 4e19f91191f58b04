/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "jsontext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static json_t *mended(const char *text)
{
	size_t length = strlen(text), step;
	_cleanup_free_ char *copy = malloc(3 * length + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	for (; length; text += step, length -= step) {
		step = sl_utf8_length(text, length);
		memcpy(to, step ? text : REPLACEMENT, step ? step : 3);
		to += step ? step : 3;
		step += !step;
	}
	return json_stringn(copy, (size_t)(to - copy));
}

json_t *sl_json_text(const char *text)
{
	json_t *plain = json_string(text);

	return plain ? plain : mended(text);
}

int sl_json_error(json_t **reply, int status, const char *format, ...)
{
	_cleanup_free_ char *words = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&words, format, args);
	va_end(args);
	if (n < 0)
		words = NULL;
	*reply = json_object();
	if (*reply)
		sl_json_set(*reply, "error", sl_json_text(words ? words : "out of memory"));
	return status;
}
