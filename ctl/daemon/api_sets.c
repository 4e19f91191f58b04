/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* Sets at run time. */

#include "api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "daemon.h"
#include "jsontext.h"

#define TIMEOUT_MAX 31536000 /* a year */

static int status_of(int err)
{
	switch (-err) {
	case ENOENT:
		return 404;
	case EINVAL:
		return 422;
	case ENOSPC:
	case ENOMEM:
		return 507;
	default:
		return 500;
	}
}

static int refuse(const struct sl_daemon *daemon, int err, json_t **reply)
{
	return sl_json_error(reply, status_of(err), "%s", sl_dp_error(daemon->dp));
}

static int get_set(const struct sl_daemon *daemon, const json_t *body, const char **name,
		   json_t **reply)
{
	*name = json_string_value(json_object_get(body, "set"));
	if (!*name)
		return sl_json_error(reply, 400, "body: \"set\" is not a name");
	if (!sl_dp_started(daemon->dp))
		return sl_json_error(reply, 409, "the data path is empty: nothing is attached");
	return 0;
}

struct elements {
	const char **texts;
	size_t count;
};

static void elements_clear(struct elements *elements)
{
	free((void *)elements->texts);
}

static int get_elements(const json_t *body, struct elements *out, json_t **reply)
{
	const json_t *list = json_object_get(body, "elements"), *value;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list))
		return sl_json_error(reply, 400, "body: \"elements\" is not a list of elements");
	out->texts = (const char **)calloc(json_array_size(list), sizeof(*out->texts));
	if (!out->texts)
		return sl_json_error(reply, 507, "out of memory");
	json_array_foreach (list, i, value) {
		if (!json_is_string(value))
			return sl_json_error(reply, 400, "body: element %zu is no string", i + 1);
		out->texts[out->count++] = json_string_value(value);
	}
	return 0;
}

static int get_timeout(const json_t *body, __u32 *seconds, const __u32 **out, json_t **reply)
{
	const json_t *value = json_object_get(body, "timeout");
	json_int_t number = json_integer_value(value);

	if (!value)
		return 0;
	if (!json_is_integer(value) || number < 1 || number > TIMEOUT_MAX)
		return sl_json_error(reply, 400, "body: \"timeout\" is not seconds from 1 to %d",
				     TIMEOUT_MAX);
	*seconds = (__u32)number;
	*out = seconds;
	return 0;
}

int sl_api_set_add(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "set", "elements", "timeout", NULL };
	_cleanup_(elements_clear) struct elements elements = {};
	const __u32 *timeout = NULL;
	const char *name = NULL;
	__u32 seconds = 0;
	int status, err;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_set(daemon, body, &name, reply);
	if (!status)
		status = get_elements(body, &elements, reply);
	if (!status)
		status = get_timeout(body, &seconds, &timeout, reply);
	if (status)
		return status;
	err = sl_dp_set_add(daemon->dp, name, elements.texts, elements.count, timeout);
	if (err)
		return refuse(daemon, err, reply);
	*reply = json_object();
	return 200;
}

int sl_api_set_delete(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "set", "elements", NULL };
	_cleanup_(elements_clear) struct elements elements = {};
	const char *name = NULL;
	int status, err;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_set(daemon, body, &name, reply);
	if (!status)
		status = get_elements(body, &elements, reply);
	if (status)
		return status;
	err = sl_dp_set_delete(daemon->dp, name, elements.texts, elements.count);
	if (err)
		return refuse(daemon, err, reply);
	*reply = json_object();
	return 200;
}

static const struct sl_conf_set *configured(const struct sl_daemon *daemon, const char *name)
{
	const struct sl_conf *conf = daemon->conf;
	size_t i;

	for (i = 0; conf && i < conf->nsets; i++)
		if (conf->sets[i].name && !strcmp(conf->sets[i].name, name))
			return &conf->sets[i];
	return NULL;
}

int sl_api_set_flush(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "set", NULL };
	const char *name = NULL;
	int status, err;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_set(daemon, body, &name, reply);
	if (status)
		return status;
	err = sl_dp_set_flush(daemon->dp, name, configured(daemon, name));
	if (err)
		return refuse(daemon, err, reply);
	*reply = json_object();
	return 200;
}

int sl_api_set_test(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "set", "elements", NULL };
	_cleanup_(elements_clear) struct elements elements = {};
	const char *name = NULL;
	int status, err = 0;
	json_t *list;
	size_t i;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_set(daemon, body, &name, reply);
	if (!status)
		status = get_elements(body, &elements, reply);
	if (status)
		return status;
	list = json_array();
	for (i = 0; i < elements.count && !err; i++) {
		bool in = false;

		err = sl_dp_set_test(daemon->dp, name, elements.texts[i], &in);
		json_array_append_new(list, json_boolean(in));
	}
	if (err) {
		json_decref(list);
		return refuse(daemon, err, reply);
	}
	*reply = json_pack("{s:o}", "in", list);
	return 200;
}

/* --- what there is --- */

static json_t *number_or_null(__u64 number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

struct listing {
	json_t *list;
	struct sl_dp_set set;
};

static int list_elem(void *arg, const struct sl_dp_elem *elem)
{
	const struct listing *listing = arg;
	json_t *entry = json_pack("{s:s}", "element", elem->text);

	if (!listing->set.plain) {
		sl_json_set(entry, "configured", json_boolean(elem->configured));
		sl_json_set(entry, "expires", number_or_null((elem->expires_ms + 999) / 1000));
	}
	if (listing->set.counters) {
		sl_json_set(entry, "packets", json_integer((json_int_t)elem->packets));
		sl_json_set(entry, "bytes", json_integer((json_int_t)elem->bytes));
	}
	return json_array_append_new(listing->list, entry) ? -ENOMEM : 0;
}

int sl_api_set_list(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "set", NULL };
	struct listing listing = {};
	const char *name = NULL;
	int status, err;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_set(daemon, body, &name, reply);
	if (status)
		return status;
	err = sl_dp_set_find(daemon->dp, name, &listing.set);
	if (err)
		return refuse(daemon, err, reply);
	listing.list = json_array();
	err = sl_dp_set_list(daemon->dp, name, list_elem, &listing);
	if (err) {
		json_decref(listing.list);
		return refuse(daemon, err, reply);
	}
	*reply = json_pack("{s:s, s:o}", "set", name, "elements", listing.list);
	return 200;
}

static json_t *set_json(const struct sl_dp_set *set)
{
	json_t *types = json_array(), *out;
	unsigned int i;

	for (i = 0; i < set->nparts; i++)
		json_array_append_new(types, json_string(sl_set_type_names[set->type[i]]));
	out = json_pack("{s:s, s:o, s:b, s:I, s:I}", "name", set->name, "type", types, "counters",
			set->counters, "elements", (json_int_t)set->elements, "refused",
			(json_int_t)set->refused);
	sl_json_set(out, "size", number_or_null(set->size));
	sl_json_set(out, "timeout", number_or_null(set->timeout_s));
	sl_json_set(out, "bytes",
		    set->plain || set->type[0] == SL_TYPE_DOMAIN
			    ? json_integer((json_int_t)set->bytes)
			    : json_null());
	return out;
}

int sl_api_sets(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	_cleanup_free_ struct sl_dp_set *sets = NULL;
	json_t *list = json_array();
	size_t count = 0, i;
	int err;

	(void)body;
	err = sl_dp_started(daemon->dp) ? sl_dp_sets(daemon->dp, &sets, &count) : 0;
	if (err) {
		json_decref(list);
		return refuse(daemon, err, reply);
	}
	for (i = 0; i < count; i++)
		if (sets[i].name)
			json_array_append_new(list, set_json(&sets[i]));
	*reply = json_pack("{s:o}", "sets", list);
	return 200;
}
