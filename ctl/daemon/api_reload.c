/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "api.h"

#include "confirm.h"
#include "daemon.h"
#include "jsontext.h"
#include "port.h"
#include "reload.h"

static json_t *failed_json(const struct sl_daemon *daemon)
{
	json_t *list = json_array();
	const struct sl_port *port;

	for (port = daemon->ports; port; port = port->next) {
		if (port->error)
			json_array_append_new(list, json_pack("{s:o, s:o}", "name",
							      sl_json_text(port->name), "error",
							      sl_json_text(port->error)));
	}
	return list;
}

int sl_api_reloaded(struct sl_daemon *daemon, int err, bool undo, const char *words, json_t **reply)
{
	*reply = json_object();
	if (err && undo)
		sl_json_set(
			*reply, "error",
			json_string(
				"the configuration before cannot come back yet; it is tried again every few seconds"));
	else if (err)
		sl_json_set(
			*reply, "error",
			json_string(
				"the configuration was not loaded, the one before stays in force"));
	else
		sl_json_set(*reply, "ruleset", sl_api_ruleset(daemon));
	sl_json_set(*reply, "diagnostics", sl_json_text(words ? words : ""));
	if (err)
		return undo ? 500 : 422;
	sl_json_set(*reply, "failed", failed_json(daemon));
	sl_json_set(*reply, "pending", sl_api_pending(daemon));
	return 200;
}

static int get_confirm(const json_t *body, unsigned int *seconds, json_t **reply)
{
	const json_t *value = json_object_get(body, "confirm");
	json_int_t number = json_integer_value(value);

	if (!value)
		return 0;
	if (!json_is_integer(value) || number < 1 || number > SL_CONFIRM_MAX)
		return sl_json_error(reply, 400,
				     "body: \"confirm\" is not a number of seconds from 1 to %u",
				     SL_CONFIRM_MAX);
	*seconds = (unsigned int)number;
	return 0;
}

static int refuse_while_pending(const struct sl_daemon *daemon, json_t **reply)
{
	return sl_json_error(
		reply, 409,
		"rule set %llu waits for a confirmation (%u s left): 'sluicectl confirm' keeps it, 'sluicectl confirm --undo' takes it back",
		(unsigned long long)daemon->confirm.generation, sl_confirm_left(&daemon->confirm));
}

int sl_api_reload(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "confirm", NULL };
	unsigned int seconds = 0;
	int status;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_confirm(body, &seconds, reply);
	if (status)
		return status;
	if (sl_confirm_waits(&daemon->confirm))
		return refuse_while_pending(daemon, reply);
	if (seconds && daemon->dormant)
		return sl_json_error(reply, 409,
				     "nothing to confirm: everything was detached, no rules run");
	if (sl_reload_start(daemon, seconds))
		return sl_json_error(reply, 507, "out of memory");
	return SL_API_LATER;
}

static int get_generation(const struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	const json_t *value = json_object_get(body, "generation");

	if (!value)
		return 0;
	if (!json_is_integer(value))
		return sl_json_error(reply, 400, "body: \"generation\" is not a number");
	if ((json_int_t)daemon->confirm.generation == json_integer_value(value))
		return 0;
	return sl_json_error(reply, 409, "it is rule set %llu that waits for a confirmation",
			     (unsigned long long)daemon->confirm.generation);
}

static int keep(struct sl_daemon *daemon, json_t **reply)
{
	sl_confirm_keep(daemon);
	*reply = json_pack("{s:o}", "ruleset", sl_api_ruleset(daemon));
	return 200;
}

int sl_api_confirm(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "generation", "undo", NULL };
	const json_t *undo = json_object_get(body, "undo");
	int status;

	status = sl_api_keys(body, known, reply);
	if (status)
		return status;
	if (undo && !json_is_boolean(undo))
		return sl_json_error(reply, 400, "body: \"undo\" is not true or false");
	if (!sl_confirm_waits(&daemon->confirm))
		return sl_json_error(reply, 409, "nothing waits for a confirmation");
	status = get_generation(daemon, body, reply);
	if (status)
		return status;
	if (!json_is_true(undo))
		return keep(daemon, reply);
	if (sl_reload_undo(daemon))
		return sl_json_error(reply, 507, "out of memory");
	return SL_API_LATER;
}
