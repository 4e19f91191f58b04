// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The verbs sets and set: what sets there are, and their elements at run time. */

#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "out.h"
#include "request.h"
#include "table.h"

static void add_text(char *to, size_t size, const char *between, const char *text)
{
	size_t length = strlen(to);

	snprintf(to + length, size - length, "%s%s", length ? between : "", text);
}

static void type_text(const json_t *set, char *to, size_t size)
{
	const json_t *types = json_object_get(set, "type"), *type;
	size_t i;

	*to = '\0';
	json_array_foreach (types, i, type)
		add_text(to, size, " . ", json_string_value(type) ?: "-");
}

static void what_text(const json_t *set, char *to, size_t size)
{
	char age[32], one[64];

	*to = '\0';
	if (sl_json_int(set, "timeout")) {
		snprintf(one, sizeof(one), "timeout %s",
			 sl_text_age(sl_json_int(set, "timeout"), age, sizeof(age)));
		add_text(to, size, ", ", one);
	}
	if (json_is_true(json_object_get(set, "counters")))
		add_text(to, size, ", ", "counters");
	if (sl_json_int(set, "refused")) {
		snprintf(one, sizeof(one), "full: %lld bans refused",
			 (long long)sl_json_int(set, "refused"));
		add_text(to, size, ", ", one);
	}
}

int sl_cmd_sets(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	struct sl_table *table;
	const json_t *set;
	size_t i;
	int status;

	status = sl_request(ctl, "/v1/sets", NULL, &reply);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON]) {
		sl_json_page(reply);
		return SL_EXIT_OK;
	}
	table = sl_table_new();
	sl_table_column(table, SL_LEFT, "SET");
	sl_table_column(table, SL_LEFT, "TYPE");
	sl_table_column(table, SL_RIGHT, "ELEMENTS");
	sl_table_column(table, SL_RIGHT, "SIZE");
	sl_table_column(table, SL_SHRINK, "");
	json_array_foreach (json_object_get(reply, "sets"), i, set) {
		char type[64], what[128];

		type_text(set, type, sizeof(type));
		what_text(set, what, sizeof(what));
		sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(set, "name"));
		sl_table_cell(table, SL_PLAIN, "%s", type);
		sl_table_cell(table, SL_PLAIN, "%lld", (long long)sl_json_int(set, "elements"));
		if (sl_json_int(set, "size"))
			sl_table_cell(table, SL_PLAIN, "%lld", (long long)sl_json_int(set, "size"));
		else
			sl_table_cell(table, SL_DIM, "-");
		sl_table_cell(table, sl_json_int(set, "refused") ? SL_BAD : SL_DIM, "%s", what);
	}
	if (sl_table_is_empty(table))
		puts("no sets");
	status = sl_table_print(table, stdout) ? sl_fail("out of memory") : SL_EXIT_OK;
	sl_table_freep(&table);
	return status;
}

/* --- one set --- */

static json_t *elements_of(const struct sl_ctl *ctl)
{
	json_t *list = json_array();
	int i;

	for (i = 2; i < ctl->nargs; i++)
		json_array_append_new(list, json_string(ctl->args[i]));
	return list;
}

/* 90, 90s, 10m, 2h, 1d */
static int parse_timeout(const char *text, long *out)
{
	static const struct {
		const char *unit;
		long seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	char *end;
	long number;
	size_t i;

	errno = 0;
	number = strtol(text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (errno || end == text || number < 1 || number > 31536000 / units[i].seconds)
			break;
		*out = number * units[i].seconds;
		return SL_EXIT_OK;
	}
	return sl_misuse("--timeout cannot be '%s': it is like 30s, 10m, 2h or 1d, a year at most",
			 text);
}

static int set_add(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *body;
	long timeout = 0;
	int status = SL_EXIT_OK;

	if (ctl->opt[SL_OPT_TIMEOUT])
		status = parse_timeout(ctl->opt[SL_OPT_TIMEOUT], &timeout);
	if (status)
		return status;
	body = json_pack("{s:s, s:o}", "set", ctl->args[1], "elements", elements_of(ctl));
	if (timeout)
		json_object_set_new(body, "timeout", json_integer(timeout));
	status = sl_request(ctl, "/v1/set/add", body, &reply);
	if (!status && ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	return status;
}

static int set_delete(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	int status = sl_request(
		ctl, "/v1/set/delete",
		json_pack("{s:s, s:o}", "set", ctl->args[1], "elements", elements_of(ctl)), &reply);

	if (!status && ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	return status;
}

static int set_flush(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	int status =
		sl_request(ctl, "/v1/set/flush", json_pack("{s:s}", "set", ctl->args[1]), &reply);

	if (!status && ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	return status;
}

static void print_elem(const json_t *elem)
{
	json_int_t expires = sl_json_int(elem, "expires");
	char age[32];

	printf("%s", sl_json_text(elem, "element"));
	if (expires)
		printf(" expires %s", sl_text_age(expires, age, sizeof(age)));
	if (json_object_get(elem, "packets"))
		printf(" packets %lld bytes %lld", (long long)sl_json_int(elem, "packets"),
		       (long long)sl_json_int(elem, "bytes"));
	putchar('\n');
}

static int set_list(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	const json_t *elem;
	size_t i;
	int status =
		sl_request(ctl, "/v1/set/list", json_pack("{s:s}", "set", ctl->args[1]), &reply);

	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON]) {
		sl_json_page(reply);
		return SL_EXIT_OK;
	}
	json_array_foreach (json_object_get(reply, "elements"), i, elem) {
		if (sl_out_closed())
			break;
		print_elem(elem);
	}
	return SL_EXIT_OK;
}

/* 0 when all are in the set, else 1: for scripts. */
static int set_test(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	const json_t *in;
	size_t i;
	int status = sl_request(
		ctl, "/v1/set/test",
		json_pack("{s:s, s:o}", "set", ctl->args[1], "elements", elements_of(ctl)), &reply);

	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	json_array_foreach (json_object_get(reply, "in"), i, in) {
		if (!json_is_true(in))
			status = SL_EXIT_FAILED;
		if (!ctl->opt[SL_OPT_JSON])
			printf("%s: %s\n", ctl->args[i + 2],
			       json_is_true(in) ? "in the set" : "not in the set");
	}
	return status;
}

static const struct {
	const char *word;
	int (*run)(struct sl_ctl *ctl);
	bool elements;
} verbs[] = {
	{ "add", set_add, true },      { "del", set_delete, true }, { "list", set_list, false },
	{ "flush", set_flush, false }, { "test", set_test, true },
};

int sl_cmd_set(struct sl_ctl *ctl)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(ctl->args[0], verbs[i].word) != 0)
			continue;
		if (verbs[i].elements != (ctl->nargs > 2))
			return sl_misuse("set %s takes %s", verbs[i].word,
					 verbs[i].elements ? "a set and elements"
							   : "a set and nothing else");
		if (ctl->opt[SL_OPT_TIMEOUT] && verbs[i].run != set_add)
			return sl_misuse("set %s takes no --timeout", verbs[i].word);
		return verbs[i].run(ctl);
	}
	return sl_misuse("set cannot '%s': it is add, del, list, flush or test", ctl->args[0]);
}
