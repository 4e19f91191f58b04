/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the service manager is told, as in sd_notify(3): one datagram to the socket that
 * NOTIFY_SOCKET names. Nothing happens where there is none.
 */

#include <stdint.h>

__attribute__((format(printf, 1, 2))) void sl_notify(const char *format, ...);
/* RELOADING=1 with the time that Type=notify-reload asks for. */
void sl_notify_reloading(void);
/* Microseconds between two WATCHDOG=1 that the manager wants at most; 0: none. */
uint64_t sl_notify_watchdog(void);
