/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "api.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "daemon.h"
#include "jsontext.h"
#include "link.h"
#include "names.h"
#include "port.h"

/* What libdp could not do, as an HTTP status. */
static int status_of(int err)
{
	switch (-err) {
	case EBUSY:
	case EEXIST:
		return 409;
	case ENODEV:
		return 404;
	case EOPNOTSUPP:
	case ERANGE:
	case EINVAL:
		return 422;
	case ENOSPC:
	case ENOMEM:
		return 507;
	default:
		return 500;
	}
}

int sl_api_keys(const json_t *body, const char *const *known, json_t **reply)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach ((json_t *)body, key, value) {
		for (i = 0; known[i] && strcmp(known[i], key) != 0; i++)
			;
		if (!known[i])
			return sl_json_error(reply, 400, "body: unknown key \"%s\"", key);
	}
	return 0;
}

static int get_name(const json_t *body, const char **name, json_t **reply)
{
	const json_t *value = json_object_get(body, "interface");

	if (!value)
		return sl_json_error(reply, 400, "body: \"interface\" is missing");
	if (!json_is_string(value) || !json_string_length(value))
		return sl_json_error(reply, 400, "body: \"interface\" is not a name");
	*name = json_string_value(value);
	return 0;
}

/* --- attach --- */

static int get_xdp(const json_t *body, struct sl_conf_iface *want, json_t **reply)
{
	const json_t *value = json_object_get(body, "xdp");
	const char *word = json_string_value(value);
	int mode;

	if (!value)
		return 0;
	for (mode = 0; word && mode < SL_XDP_MODE_MAX_; mode++) {
		if (strcmp(word, sl_xdp_mode_names[mode]) != 0)
			continue;
		want->xdp = mode;
		return 0;
	}
	return sl_json_error(
		reply, 400,
		"body: \"xdp\" is not one of \"auto\", \"native\", \"generic\", \"off\"");
}

static int get_priority(const json_t *body, struct sl_conf_iface *want, json_t **reply)
{
	const json_t *value = json_object_get(body, "priority");
	json_int_t number = json_integer_value(value);

	if (!value)
		return 0;
	if (!json_is_integer(value) || number < 0 || number > INT_MAX)
		return sl_json_error(reply, 400, "body: \"priority\" is not a number from 0 to %d",
				     INT_MAX);
	want->priority = (int)number;
	return 0;
}

static int get_tc(const json_t *body, struct sl_conf_iface *want, json_t **reply)
{
	const json_t *list = json_object_get(body, "tc"), *value;
	bool tc[SL_DIR_MAX_] = {};
	const char *word;
	size_t i;
	int dir;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return sl_json_error(reply, 400, "body: \"tc\" is not a list");
	json_array_foreach (list, i, value) {
		word = json_string_value(value);
		for (dir = 0; word && dir < SL_DIR_MAX_ && strcmp(word, sl_dir_names[dir]) != 0;
		     dir++)
			;
		if (!word || dir == SL_DIR_MAX_)
			return sl_json_error(
				reply, 400,
				"body: \"tc\" has other things than \"ingress\" and \"egress\"");
		tc[dir] = true;
	}
	memcpy(want->tc, tc, sizeof(tc));
	return 0;
}

static int get_want(const json_t *body, struct sl_conf_iface *want, json_t **reply)
{
	int status = get_xdp(body, want, reply);

	if (!status)
		status = get_priority(body, want, reply);
	if (!status)
		status = get_tc(body, want, reply);
	if (!status && want->xdp == SL_XDP_OFF && !want->tc[SL_DIR_INGRESS] &&
	    !want->tc[SL_DIR_EGRESS])
		return sl_json_error(reply, 400,
				     "nothing to attach: \"xdp\" is off and \"tc\" empty");
	return status;
}

/* What is not said is as the configuration has it; true when it wants something. */
static bool default_want(const struct sl_daemon *daemon, const struct sl_link *link,
			 struct sl_conf_iface *want)
{
	const struct sl_conf_iface *clause = sl_port_clause(daemon, link->name, link->ifindex);

	*want = (struct sl_conf_iface) { .xdp = SL_XDP_AUTO, .priority = SL_XDP_PRIORITY };
	if (clause) {
		*want = *clause;
		want->pattern = NULL;
		want->is_glob = false;
	}
	return clause;
}

static int attach(struct sl_daemon *daemon, const struct sl_link *link,
		  const struct sl_conf_iface *want, bool explicit, json_t **reply)
{
	_cleanup_free_ char *words = NULL;
	int err;

	err = sl_port_attach(daemon, link, want, explicit, &words);
	if (err)
		return sl_json_error(reply, status_of(err), "%s", words ? words : strerror(-err));
	*reply = json_pack("{s:o}", "interface",
			   sl_api_iface(daemon, sl_port_find(daemon, link->name)));
	return 200;
}

int sl_api_attach(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "interface", "xdp", "priority", "tc", NULL };
	const struct sl_link *link;
	struct sl_conf_iface want;
	const char *name = NULL;
	bool configured;
	int status;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_name(body, &name, reply);
	if (status)
		return status;
	link = sl_link_by_name(daemon->monitor, name);
	if (!link)
		return sl_json_error(reply, 404, "there is no interface '%s'", name);
	configured = default_want(daemon, link, &want);
	status = get_want(body, &want, reply);
	if (status)
		return status;
	return attach(daemon, link, &want, !configured || json_object_size(body) > 1, reply);
}

/* --- detach --- */

static int detach_all(struct sl_daemon *daemon, json_t **reply)
{
	_cleanup_free_ char *words = NULL;
	int err;

	err = sl_ports_remove(daemon, &words);
	if (err)
		return sl_json_error(reply, status_of(err), "%s", words ? words : strerror(-err));
	*reply = json_object();
	return 200;
}

static int detach(struct sl_daemon *daemon, const char *name, json_t **reply)
{
	struct sl_port *port = sl_port_find(daemon, name);
	_cleanup_free_ char *words = NULL;
	int err;

	if (!port && !sl_link_by_name(daemon->monitor, name))
		return sl_json_error(reply, 404, "there is no interface '%s'", name);
	if (!port)
		return sl_json_error(reply, 409, "interface '%s' is not attached", name);
	err = sl_port_detach(daemon, port, &words);
	if (err)
		return sl_json_error(reply, status_of(err), "%s", words ? words : strerror(-err));
	*reply = json_object();
	return 200;
}

int sl_api_detach(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "interface", "all", NULL };
	const json_t *all = json_object_get(body, "all");
	const char *name = NULL;
	int status;

	status = sl_api_keys(body, known, reply);
	if (status)
		return status;
	if (all && !json_is_true(all))
		return sl_json_error(reply, 400, "body: \"all\" can only be true");
	if (all && json_object_get(body, "interface"))
		return sl_json_error(reply, 400,
				     "body: \"all\" and \"interface\" exclude each other");
	if (all)
		return detach_all(daemon, reply);
	status = get_name(body, &name, reply);
	return status ? status : detach(daemon, name, reply);
}
