/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* One request and its answer, as libmicrohttpd calls for them. */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <microhttpd.h>

struct sl_cred;
struct sl_daemon;
struct sl_exchange;

/* Called for each piece of a request; *exchange is NULL at first and sl_exchange_freep's later. */
enum MHD_Result sl_exchange_step(struct sl_exchange **exchange, struct sl_daemon *daemon,
				 const struct sl_cred *cred, struct MHD_Connection *connection,
				 const char *method, const char *path, const char *data,
				 size_t *size);
void sl_exchange_freep(struct sl_exchange **exchange);

/*
 * Requests that wait for the end of a reload: who asked for it, to be answered, and those that
 * want to change something meanwhile.
 */
bool sl_exchange_waits(const struct sl_exchange *exchange);
/* Takes over reply, the answer for who asked; the others' requests begin now. */
void sl_exchanges_go_on(struct sl_daemon *daemon, int status, json_t *reply);
