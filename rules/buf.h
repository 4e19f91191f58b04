/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/* Text that grows. The first error sticks and makes all later calls do nothing. */
struct sl_buf {
	char *text; /* NUL-terminated once anything was added */
	size_t length;
	size_t size;
	int err;
	const char *scope; /* stands before each match of a rule; NULL: nothing does */
};

void sl_buf_write(struct sl_buf *buf, const char *bytes, size_t length);
void sl_buf_add(struct sl_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Hands the text over and leaves the buffer empty; frees it when there was an error. */
int sl_buf_take(struct sl_buf *buf, char **out);

void sl_buf_clear(struct sl_buf *buf);
