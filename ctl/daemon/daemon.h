/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What a running sluiced has in hand. main.c fills it, from top to bottom, and empties it. */

#include <stdbool.h>
#include <stdint.h>

#include "confirm.h"
#include "dp.h"
#include "link.h"
#include "loop.h"
#include "netdev.h"
#include "options.h"
#include "rules.h"

#include "sock.h"

struct sl_exchange;
struct sl_events;
struct sl_port;
struct sl_reload;
struct sl_server;

struct sl_daemon {
	const struct sl_options *opts;
	uint64_t started; /* sl_now() */
	struct sl_loop loop;
	struct sl_watch signals;
	struct sl_timer watchdog;
	struct sl_timer minute; /* see sl_ports_watch */
	struct sl_timer second; /* see sl_sweep_open */
	struct sl_sock sock;
	struct sl_conf *conf; /* in force, also while nothing is attached */
	struct sl_dp *dp;
	struct sl_monitor *monitor;
	struct sl_netdev *netdev; /* NULL: the kernel has no such family */
	struct sl_port *ports;
	struct sl_server *server;
	struct sl_reload *reload;
	struct sl_confirm confirm;
	struct sl_exchange *waiting; /* requests that are answered later */
	struct sl_events *events;
	size_t answering; /* bytes of answers that clients have yet to read */
	/* After "detach all": nothing attaches by itself until somebody attaches by hand. */
	bool dormant;
};
