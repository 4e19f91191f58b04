/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The requests that sluiced answers: one table, api.c. A function returns the HTTP status and
 * sets *reply; body is an object, empty for a request without one. docs/api.md describes them.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct sl_daemon;
struct sl_port;

/* Of a request whose answer comes when the reload that it began has ended: sl_exchanges_go_on. */
#define SL_API_LATER (-1)

struct sl_route {
	const char *method;
	const char *path;
	/* NULL: the answer is a stream, see events.h. */
	int (*fn)(struct sl_daemon *daemon, const json_t *body, json_t **reply);
	bool changes; /* for root only */
	const char *help;
};

/* 0 and *out, or the HTTP status of the refusal: 404, or 405 with *allow naming the methods. */
int sl_route_find(const struct sl_route **out, const char *method, const char *path,
		  const char **allow);

/* Parses text as the body of a request; 0, or the HTTP status with *reply. */
int sl_api_body(json_t **out, const char *text, size_t length, json_t **reply);

/* api_status.c */
int sl_api_status(struct sl_daemon *daemon, const json_t *body, json_t **reply);
json_t *sl_api_ruleset(const struct sl_daemon *daemon);
json_t *sl_api_pending(const struct sl_daemon *daemon);
json_t *sl_api_iface(struct sl_daemon *daemon, const struct sl_port *port);
/* api_stats.c */
int sl_api_stats(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_rules(struct sl_daemon *daemon, const json_t *body, json_t **reply);
/* api_sets.c */
int sl_api_sets(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_set_list(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_set_test(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_set_add(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_set_delete(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_set_flush(struct sl_daemon *daemon, const json_t *body, json_t **reply);
/* api_flows.c */
int sl_api_flows(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_flows_kill(struct sl_daemon *daemon, const json_t *body, json_t **reply);
/* api_change.c */
int sl_api_attach(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_detach(struct sl_daemon *daemon, const json_t *body, json_t **reply);
/* api_reload.c */
int sl_api_reload(struct sl_daemon *daemon, const json_t *body, json_t **reply);
int sl_api_confirm(struct sl_daemon *daemon, const json_t *body, json_t **reply);
/* The answer to these two when the reload has ended. */
int sl_api_reloaded(struct sl_daemon *daemon, int err, bool undo, const char *words,
		    json_t **reply);
/* api_change.c: a member that nobody knows is a mistake, and may be one with consequences. */
int sl_api_keys(const json_t *body, const char *const *known, json_t **reply);
