/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "rules.h"
#include "source.h"

/*
 * Adds a message about a place. Returns what the caller shall return: -EINVAL after an error, 0
 * after a warning, -ENOMEM when the message could not be kept.
 */
int sl_diag_error(struct sl_diag *diag, const struct sl_loc *loc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int sl_diag_warn(struct sl_diag *diag, const struct sl_loc *loc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts the entries from first on in the order of the text: checks come after parsing, file by file.
 */
void sl_diag_sort(struct sl_diag *diag, size_t first);
