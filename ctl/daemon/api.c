/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "api.h"

#include <string.h>

#include "jsontext.h"

static int api_index(struct sl_daemon *daemon, const json_t *body, json_t **reply);

static const struct sl_route routes[] = {
	{ "GET", "/v1/", api_index, false, "the requests that there are" },
	{ "GET", "/v1/status", sl_api_status, false,
	  "the daemon, its rule set and its interfaces" },
	{ "GET", "/v1/stats", sl_api_stats, false,
	  "packets and bytes by interface, reason and rule" },
	{ "GET", "/v1/rules", sl_api_rules, false, "the rules in force with their counters" },
	{ "GET", "/v1/events", NULL, false, "what rules with log found" },
	{ "GET", "/v1/sets", sl_api_sets, false, "the sets that there are" },
	{ "POST", "/v1/set/list", sl_api_set_list, false, "the elements of a set" },
	{ "POST", "/v1/set/test", sl_api_set_test, false, "whether elements are in a set" },
	{ "POST", "/v1/set/add", sl_api_set_add, true, "add elements to a set" },
	{ "POST", "/v1/set/delete", sl_api_set_delete, true, "delete elements from a set" },
	{ "POST", "/v1/set/flush", sl_api_set_flush, true, "undo what was added and deleted" },
	{ "POST", "/v1/flows", sl_api_flows, false, "the flows that there are" },
	{ "POST", "/v1/flows/kill", sl_api_flows_kill, true, "forget flows" },
	{ "POST", "/v1/attach", sl_api_attach, true, "attach to an interface" },
	{ "POST", "/v1/detach", sl_api_detach, true, "detach from an interface, or from all" },
	{ "POST", "/v1/reload", sl_api_reload, true, "read the configuration anew" },
	{ "POST", "/v1/confirm", sl_api_confirm, true,
	  "keep a configuration that waits for it, or take it back" },
};

#define ROUTES (sizeof(routes) / sizeof(*routes))

int sl_route_find(const struct sl_route **out, const char *method, const char *path,
		  const char **allow)
{
	size_t i;

	*allow = NULL;
	for (i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		if (!strcmp(routes[i].method, method)) {
			*out = &routes[i];
			return 0;
		}
		*allow = routes[i].method;
	}
	return *allow ? 405 : 404;
}

static int api_index(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < ROUTES; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s}", "method", routes[i].method,
						"path", routes[i].path, "access",
						routes[i].changes ? "change" : "read", "help",
						routes[i].help));
	*reply = json_pack("{s:s, s:o}", "version", SL_VERSION, "requests", list);
	return 200;
}

int sl_api_body(json_t **out, const char *text, size_t length, json_t **reply)
{
	json_error_t error;
	json_t *body;

	/* White space is no JSON, but it is a body that says nothing. */
	while (length && strchr(" \t\r\n", text[length - 1]) && text[length - 1])
		length--;
	if (!length) {
		*out = json_object();
		return *out ? 0 : 500;
	}
	body = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!body)
		return sl_json_error(reply, 400, "body: line %d, column %d: %s", error.line,
				     error.column, error.text);
	if (!json_is_object(body)) {
		json_decref(body);
		return sl_json_error(reply, 400, "body: not an object: {...} is expected");
	}
	*out = body;
	return 0;
}
