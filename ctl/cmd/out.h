/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What sluicectl says and how it ends. */

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* `sluicectl: MESSAGE` on stderr; returns SL_EXIT_FAILED. */
int sl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a command line that makes no sense; returns SL_EXIT_USAGE. */
int sl_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One JSON value and a newline on stdout: on one line, or indented for reading. */
void sl_json_line(const json_t *value);
void sl_json_page(const json_t *value);

/* Whether output goes to a terminal that takes colours, and the user has not said NO_COLOR. */
bool sl_out_colours(void);
/* Columns of the terminal on stdout, or of $COLUMNS; 0: no limit. */
int sl_out_width(void);
/* Lines of the terminal on stdout; 0: no terminal. */
int sl_out_height(void);

/* Whether nobody reads on: the rest of the output need not be made. */
bool sl_out_closed(void);
/*
 * The exit status after all output: SL_EXIT_FAILED when it could not be written, but a reader that
 * went away (`| head`) is no failure.
 */
int sl_out_end(int status);
