/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Log lines go to standard error: lower case, subject first, names quoted, errno as words. When
 * standard error is the journal, each line carries its level as sd-daemon(3) has it.
 */

#include <stdbool.h>
#include <stdarg.h>
#include <syslog.h>

void sl_log_init(bool debug);

__attribute__((format(printf, 2, 3))) void sl_log(int level, const char *format, ...);
__attribute__((format(printf, 2, 0))) void sl_vlog(int level, const char *format, va_list args);
/* Text of several lines, which stays several lines. */
void sl_log_text(int level, const char *text);

#define sl_error(...)	sl_log(LOG_ERR, __VA_ARGS__)
#define sl_warning(...) sl_log(LOG_WARNING, __VA_ARGS__)
#define sl_notice(...)	sl_log(LOG_NOTICE, __VA_ARGS__)
#define sl_info(...)	sl_log(LOG_INFO, __VA_ARGS__)
#define sl_debug(...)	sl_log(LOG_DEBUG, __VA_ARGS__)
