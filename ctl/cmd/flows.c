// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The verb flows: what is in the flow table, and flows ended. */

#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "out.h"
#include "request.h"
#include "table.h"

static const char *const keys[] = { "addr", "port", "proto", "state", "verdict", "limit" };

#define NKEYS (sizeof(keys) / sizeof(*keys))

/* Numbers as numbers: the daemon says which key takes what. */
static json_t *value_of(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return end != text && !*end ? json_integer(number) : json_string(text);
}

static int read_filter(const struct sl_ctl *ctl, int from, json_t **out)
{
	_cleanup_json_ json_t *body = json_object();
	int i;
	size_t k;

	for (i = from; i < ctl->nargs; i += 2) {
		const char *word = ctl->args[i];

		if (from && !strcmp(word, "all") && i == from && ctl->nargs == from + 1) {
			json_object_set_new(body, "all", json_true());
			break;
		}
		for (k = 0; k < NKEYS && strcmp(word, keys[k]) != 0; k++)
			;
		if (k == NKEYS)
			return sl_misuse("'%s' is not addr, port, proto, state, verdict or limit",
					 word);
		if (i + 1 == ctl->nargs)
			return sl_misuse("'%s' is not followed by a value", word);
		if (json_object_get(body, word))
			return sl_misuse("'%s' is given twice", word);
		json_object_set_new(body, word, value_of(ctl->args[i + 1]));
	}
	*out = json_incref(body);
	return SL_EXIT_OK;
}

static void side_text(const json_t *side, char *to, size_t size)
{
	const char *addr = sl_json_text(side, "addr");
	bool six = strchr(addr, ':');

	if (json_object_get(side, "port"))
		snprintf(to, size, "%s%s%s:%lld", six ? "[" : "", addr, six ? "]" : "",
			 (long long)sl_json_int(side, "port"));
	else
		snprintf(to, size, "%s", addr);
}

static void add_flow(struct sl_table *table, const json_t *flow)
{
	const json_t *client = json_object_get(flow, "client");
	const json_t *server = json_object_get(flow, "server");
	const json_t *proto = json_object_get(flow, "proto");
	const json_t *verdict = json_object_get(flow, "verdict");
	const char *app = json_string_value(json_object_get(flow, "app"));
	const char *name = json_string_value(json_object_get(flow, "name"));
	char text[80];

	if (json_is_string(proto))
		sl_table_cell(table, SL_PLAIN, "%s", json_string_value(proto));
	else
		sl_table_cell(table, SL_PLAIN, "%lld", (long long)json_integer_value(proto));
	side_text(client, text, sizeof(text));
	sl_table_cell(table, SL_PLAIN, "%s", text);
	side_text(server, text, sizeof(text));
	sl_table_cell(table, SL_PLAIN, "%s", text);
	sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(flow, "state"));
	sl_table_cell(table, SL_PLAIN, "%lld/%lld", (long long)sl_json_int(client, "packets"),
		      (long long)sl_json_int(server, "packets"));
	sl_table_cell(
		table, SL_PLAIN, "%s",
		sl_text_bytes((double)(sl_json_int(client, "bytes") + sl_json_int(server, "bytes")),
			      text, sizeof(text)));
	sl_table_cell(table, SL_PLAIN, "%s",
		      sl_text_age(sl_json_int(flow, "age"), text, sizeof(text)));
	sl_table_cell(table, SL_PLAIN, "%s",
		      sl_text_age(sl_json_int(flow, "idle"), text, sizeof(text)));
	sl_table_cell(table, SL_PLAIN, "%s", app ? app : "-");
	sl_table_cell(table, SL_PLAIN, "%s", name ? name : "-");
	if (json_is_object(verdict))
		sl_table_cell(table, SL_BAD, "%s by %s", sl_json_text(verdict, "verdict"),
			      sl_json_text(verdict, "rule"));
	else
		sl_table_cell(table, SL_DIM, "-");
}

static int show(const json_t *reply)
{
	const json_t *all = json_object_get(reply, "table"), *flow;
	struct sl_table *table;
	int status;
	size_t i;

	if (!json_is_object(all)) {
		puts("no rule in force asks for flows");
		return SL_EXIT_OK;
	}
	table = sl_table_new();
	sl_table_column(table, SL_LEFT, "PROTO");
	sl_table_column(table, SL_LEFT, "CLIENT");
	sl_table_column(table, SL_LEFT, "SERVER");
	sl_table_column(table, SL_LEFT, "STATE");
	sl_table_column(table, SL_RIGHT, "PACKETS");
	sl_table_column(table, SL_RIGHT, "BYTES");
	sl_table_column(table, SL_RIGHT, "AGE");
	sl_table_column(table, SL_RIGHT, "IDLE");
	sl_table_column(table, SL_LEFT, "APP");
	sl_table_column(table, SL_SHRINK, "NAME");
	sl_table_column(table, SL_SHRINK, "VERDICT");
	json_array_foreach (json_object_get(reply, "flows"), i, flow)
		add_flow(table, flow);
	status = sl_table_print(table, stdout) ? sl_fail("out of memory") : SL_EXIT_OK;
	sl_table_freep(&table);
	if (json_is_true(json_object_get(reply, "more")))
		puts("... and more: see 'limit'");
	printf("%lld flows in %lld places, %lld evicted\n", (long long)sl_json_int(all, "flows"),
	       (long long)sl_json_int(all, "places"), (long long)sl_json_int(all, "evicted"));
	return status;
}

int sl_cmd_flows(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	bool kills = ctl->nargs && !strcmp(ctl->args[0], "kill");
	json_t *body = NULL;
	int status;

	if (kills && ctl->nargs == 1)
		return sl_misuse("'flows kill' wants to know which: a filter, or 'all'");
	status = read_filter(ctl, kills, &body);
	if (!status)
		status = sl_request(ctl, kills ? "/v1/flows/kill" : "/v1/flows", body, &reply);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else if (kills)
		printf("%lld flows forgotten\n", (long long)sl_json_int(reply, "killed"));
	else
		return show(reply);
	return SL_EXIT_OK;
}
