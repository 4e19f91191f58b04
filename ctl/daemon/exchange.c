/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "exchange.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "cleanup.h"
#include "cred.h"
#include "daemon.h"
#include "events.h"
#include "jsontext.h"
#include "log.h"
#include "reload.h"
#include "server.h"

/* What takes that much as text has taken more as JSON: memory goes back to the system. */
#define BIG_ANSWER (1 << 20)

struct sl_exchange {
	struct sl_daemon *daemon;
	const struct sl_route *route;
	char *body;
	size_t length;
	size_t room;
	/* Decided before the body was read; 0: not yet. */
	int status;
	json_t *reply;
	const char *allow;
	size_t answer; /* bytes */
	/* While it waits. */
	struct MHD_Connection *connection;
	struct sl_exchange *next;
	bool asked; /* for what is waited for */
};

void sl_exchange_freep(struct sl_exchange **exchange)
{
	size_t answer;

	if (!*exchange)
		return;
	answer = (*exchange)->answer;
	(*exchange)->daemon->answering -= answer;
	free((*exchange)->body);
	json_decref((*exchange)->reply);
	free(*exchange);
	*exchange = NULL;
	if (answer > BIG_ANSWER)
		malloc_trim(0);
}

/* --- the answer --- */

static struct MHD_Response *response_new(const json_t *reply, size_t *size)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	static char none[] = "{\"error\":\"out of memory\"}\n";
	struct MHD_Response *response;
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
	memcpy(line + length, "\n", 2);
	response = MHD_create_response_from_buffer(length + 1, line, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(line);
	*size = length + 1;
	return response;
}

static enum MHD_Result answer_stream(struct sl_exchange *exchange,
				     struct MHD_Connection *connection)
{
	bool follows = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "follow", 6,
						     NULL, NULL) == MHD_YES;
	struct MHD_Response *response =
		sl_events_answer(exchange->daemon->events, connection, follows);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	if (follows)
		sl_server_patient(connection);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct sl_exchange *exchange, struct MHD_Connection *connection)
{
	struct MHD_Response *response = response_new(exchange->reply, &exchange->answer);
	int status = exchange->reply ? exchange->status : 500;
	enum MHD_Result result;

	exchange->daemon->answering += exchange->answer;
	if (!response)
		return MHD_NO;
	json_decref(exchange->reply);
	exchange->reply = NULL;
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
	exchange->daemon = daemon;
	*out = exchange;
	/* Who may not read does not learn either what there is. */
	check_rights(exchange, daemon, cred);
	if (!exchange->status)
		find_route(exchange, method, path);
	if (!exchange->status)
		check_rights(exchange, daemon, cred);
	if (exchange->status)
		sl_debug("request: %.20s %.100s from pid %d uid %u: %d", method, path, cred->pid,
			 cred->uid, exchange->status);
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

/* --- waiting --- */

static enum MHD_Result wait(struct sl_exchange *exchange, struct MHD_Connection *connection)
{
	exchange->connection = connection;
	exchange->next = exchange->daemon->waiting;
	exchange->daemon->waiting = exchange;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

bool sl_exchange_waits(const struct sl_exchange *exchange)
{
	return exchange && exchange->connection;
}

void sl_exchanges_go_on(struct sl_daemon *daemon, int status, json_t *reply)
{
	struct sl_exchange *exchange = daemon->waiting, *next;
	struct MHD_Connection *connection;

	daemon->waiting = NULL;
	for (; exchange; exchange = next) {
		next = exchange->next;
		connection = exchange->connection;
		exchange->connection = NULL;
		if (exchange->asked) {
			exchange->status = status;
			exchange->reply = json_incref(reply);
		}
		MHD_resume_connection(connection);
	}
	json_decref(reply);
	if (daemon->server)
		sl_server_go_on(daemon->server);
}

static void run(struct sl_exchange *exchange, struct sl_daemon *daemon, const struct sl_cred *cred)
{
	json_t *body = NULL;

	exchange->status = sl_api_body(&body, exchange->body, exchange->length, &exchange->reply);
	if (!exchange->status && !exchange->route->fn)
		exchange->status = MHD_HTTP_OK;
	else if (!exchange->status)
		exchange->status = exchange->route->fn(daemon, body, &exchange->reply);
	json_decref(body);
	if (exchange->status == SL_API_LATER) {
		exchange->status = 0;
		exchange->asked = true;
	}
	sl_log(exchange->route->changes ? LOG_INFO : LOG_DEBUG,
	       "request: %s %s from pid %d uid %u: %d", exchange->route->method,
	       exchange->route->path, cred->pid, cred->uid, exchange->status);
}

static bool has_to_wait(const struct sl_exchange *exchange, const struct sl_daemon *daemon)
{
	return !exchange->status && exchange->route->changes && sl_reload_busy(daemon);
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
	if (!(*exchange)->status && !cred->may_change && daemon->answering > SL_ANSWERS_MAX)
		refuse(*exchange, 503, "too many answers are waiting to be read, try again soon");
	if (has_to_wait(*exchange, daemon))
		return wait(*exchange, connection);
	if (!(*exchange)->status)
		run(*exchange, daemon, cred);
	if ((*exchange)->asked && !(*exchange)->status)
		return wait(*exchange, connection);
	if ((*exchange)->status == MHD_HTTP_OK && !(*exchange)->route->fn)
		return answer_stream(*exchange, connection);
	return answer(*exchange, connection);
}
