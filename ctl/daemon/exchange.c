/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "cleanup.h"
#include "cred.h"
#include "daemon.h"
#include "jsontext.h"
#include "log.h"
#include "server.h"

struct sl_exchange {
	const struct sl_route *route;
	char *body;
	size_t length;
	size_t room;
	/* Decided before the body was read; 0: not yet. */
	int status;
	json_t *reply;
	const char *allow;
};

void sl_exchange_free(struct sl_exchange *exchange)
{
	if (!exchange)
		return;
	free(exchange->body);
	json_decref(exchange->reply);
	free(exchange);
}

/* --- the answer --- */

static struct MHD_Response *response_new(json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	static char none[] = "{\"error\":\"out of memory\"}\n";
	size_t length;
	char *line;

	if (!text)
		return MHD_create_response_from_buffer(sizeof(none) - 1, none,
						       MHD_RESPMEM_PERSISTENT);
	length = strlen(text);
	line = realloc(text, length + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	strcpy(line + length, "\n");
	return MHD_create_response_from_buffer(length + 1, line, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result answer(struct sl_exchange *exchange, struct MHD_Connection *connection)
{
	struct MHD_Response *response = response_new(exchange->reply);
	int status = exchange->reply ? exchange->status : 500;
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (exchange->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, exchange->allow);
	result = MHD_queue_response(connection, (unsigned int)status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- the request --- */

static void refuse(struct sl_exchange *exchange, int status, const char *words)
{
	json_decref(exchange->reply);
	exchange->reply = NULL;
	exchange->status = sl_json_error(&exchange->reply, status, "%s", words);
}

static void find_route(struct sl_exchange *exchange, const char *method, const char *path)
{
	int status = sl_route_find(&exchange->route, method, path, &exchange->allow);

	if (status == 404)
		refuse(exchange, status, "no such request; GET /v1/ lists those that there are");
	else if (status)
		refuse(exchange, status,
		       "not with this method; the Allow header names the right one");
}

static void check_rights(struct sl_exchange *exchange, const struct sl_daemon *daemon,
			 const struct sl_cred *cred)
{
	if (!cred->may_read)
		exchange->status = sl_json_error(
			&exchange->reply, 403,
			"user %u may not: sluiced answers root and members of the group '%s'",
			cred->uid, daemon->opts->group);
	else if (exchange->route && exchange->route->changes && !cred->may_change)
		refuse(exchange, 403, "only root may change anything");
}

/* Announced to be too long, so that there is no sense in waiting for it. */
static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoull(length, NULL, 10) > SL_BODY_MAX;
}

static void refuse_length(struct sl_exchange *exchange)
{
	refuse(exchange, 413, "body: longer than 1 MiB");
}

static enum MHD_Result begin(struct sl_exchange **out, struct sl_daemon *daemon,
			     const struct sl_cred *cred, struct MHD_Connection *connection,
			     const char *method, const char *path)
{
	struct sl_exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return MHD_NO;
	*out = exchange;
	/* Who may not read does not learn either what there is. */
	check_rights(exchange, daemon, cred);
	if (!exchange->status)
		find_route(exchange, method, path);
	if (!exchange->status)
		check_rights(exchange, daemon, cred);
	if (announces_too_much(connection)) {
		if (!exchange->status)
			refuse_length(exchange);
		return answer(exchange, connection);
	}
	return MHD_YES;
}

/* What follows a refusal is read all the same, else the client may not get to read our answer. */
static void add(struct sl_exchange *exchange, const char *data, size_t size)
{
	char *body;

	if (exchange->status)
		return;
	if (size > SL_BODY_MAX - exchange->length) {
		refuse_length(exchange);
		return;
	}
	if (exchange->length + size > exchange->room) {
		exchange->room = 2 * (exchange->length + size);
		body = realloc(exchange->body, exchange->room);
		if (!body) {
			refuse(exchange, 507, "out of memory");
			return;
		}
		exchange->body = body;
	}
	memcpy(exchange->body + exchange->length, data, size);
	exchange->length += size;
}

static void run(struct sl_exchange *exchange, struct sl_daemon *daemon, const struct sl_cred *cred)
{
	json_t *body = NULL;

	exchange->status = sl_api_body(&body, exchange->body, exchange->length, &exchange->reply);
	if (!exchange->status)
		exchange->status = exchange->route->fn(daemon, body, &exchange->reply);
	json_decref(body);
	sl_debug("request: %s %s from pid %d uid %u: %d", exchange->route->method,
		 exchange->route->path, cred->pid, cred->uid, exchange->status);
}

enum MHD_Result sl_exchange_step(struct sl_exchange **exchange, struct sl_daemon *daemon,
				 const struct sl_cred *cred, struct MHD_Connection *connection,
				 const char *method, const char *path, const char *data,
				 size_t *size)
{
	if (!*exchange)
		return begin(exchange, daemon, cred, connection, method, path);
	if (*size) {
		add(*exchange, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (!(*exchange)->status)
		run(*exchange, daemon, cred);
	return answer(*exchange, connection);
}
