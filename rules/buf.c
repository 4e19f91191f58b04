/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Room for length more bytes and a NUL. */
static int reserve(struct sl_buf *buf, size_t length)
{
	size_t size = buf->size ? buf->size : 64;
	char *text;

	if (buf->err)
		return buf->err;
	while (size < buf->length + length + 1)
		size *= 2;
	if (size == buf->size)
		return 0;
	text = realloc(buf->text, size);
	if (!text)
		return buf->err = -ENOMEM;
	buf->text = text;
	buf->size = size;
	return 0;
}

void sl_buf_write(struct sl_buf *buf, const char *bytes, size_t length)
{
	if (reserve(buf, length))
		return;
	if (length)
		memcpy(buf->text + buf->length, bytes, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void sl_buf_add(struct sl_buf *buf, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		buf->err = -EINVAL;
	else if (!reserve(buf, (size_t)length))
		buf->length += (size_t)vsnprintf(buf->text + buf->length, (size_t)length + 1,
						 format, again);
	va_end(again);
	va_end(args);
}

int sl_buf_take(struct sl_buf *buf, char **out)
{
	int err;

	/* So that there is a text even if nothing was added. */
	sl_buf_write(buf, "", 0);
	err = buf->err;
	if (err) {
		sl_buf_clear(buf);
		return err;
	}
	*out = TAKE_PTR(buf->text);
	*buf = (struct sl_buf) {};
	return 0;
}

void sl_buf_clear(struct sl_buf *buf)
{
	free(buf->text);
	*buf = (struct sl_buf) {};
}
