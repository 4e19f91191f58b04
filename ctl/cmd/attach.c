// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The verbs attach and detach. */

#include "cmd.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"
#include "dp.h"
#include "guard.h"
#include "iface_text.h"
#include "names.h"
#include "out.h"
#include "request.h"

static int check_name(const char *name)
{
	if (*name && strlen(name) < IFNAMSIZ && !strchr(name, '/') && !strchr(name, ' '))
		return SL_EXIT_OK;
	return sl_misuse("no interface can be called '%s'", name);
}

/* "ingress,egress" as a list; "none" as an empty one. */
static int parse_hooks(const char *text, json_t **out)
{
	_cleanup_json_ json_t *hooks = json_array();
	_cleanup_free_ char *words = strdup(text);
	char *word, *rest = words;

	if (!hooks || !words)
		return sl_fail("out of memory");
	if (!strcmp(text, "none"))
		rest = NULL;
	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, sl_dir_names[SL_DIR_INGRESS]) != 0 &&
		    strcmp(word, sl_dir_names[SL_DIR_EGRESS]) != 0)
			return sl_misuse(
				"--tc cannot be '%s': it is ingress, egress, ingress,egress or none",
				text);
		json_array_append_new(hooks, json_string(word));
	}
	*out = TAKE_PTR(hooks);
	return SL_EXIT_OK;
}

static int parse_priority(const char *text, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno || end == text || *end || *out < 0 || *out > INT32_MAX)
		return sl_misuse("--priority cannot be '%s': it is a number from 0 to %d", text,
				 INT32_MAX);
	return SL_EXIT_OK;
}

static int attach_body(struct sl_ctl *ctl, json_t **out)
{
	_cleanup_json_ json_t *body = json_pack("{s:s}", "interface", ctl->args[0]);
	const char *xdp = ctl->opt[SL_OPT_XDP], *priority = ctl->opt[SL_OPT_PRIORITY];
	json_t *hooks = NULL;
	int status = SL_EXIT_OK;
	long number = 0;

	if (!body)
		return sl_misuse("no interface can be called '%s'", ctl->args[0]);
	if (xdp)
		json_object_set_new(body, "xdp", json_string(xdp));
	if (priority)
		status = parse_priority(priority, &number);
	if (!status && ctl->opt[SL_OPT_TC])
		status = parse_hooks(ctl->opt[SL_OPT_TC], &hooks);
	if (status)
		return status;
	if (priority)
		json_object_set_new(body, "priority", json_integer(number));
	if (hooks)
		json_object_set_new(body, "tc", hooks);
	*out = TAKE_PTR(body);
	return SL_EXIT_OK;
}

int sl_cmd_attach(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *body = NULL;
	int status;

	status = check_name(ctl->args[0]) ?: attach_body(ctl, &body);
	if (status)
		return status;
	status = sl_guard_attach(ctl, body);
	if (status) {
		json_decref(body);
		return status;
	}
	status = sl_request(ctl, "/v1/attach", body, &reply);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else
		sl_iface_print_line(json_object_get(reply, "interface"), stdout);
	return SL_EXIT_OK;
}

/* Without sluiced: what it left pinned is found and removed. */
static int remove_alone(struct sl_ctl *ctl)
{
	const char *dir = ctl->opt[SL_OPT_PIN_DIR] ?: SL_DP_PIN_DIR;
	_cleanup_(sl_dp_freep) struct sl_dp *dp = NULL;
	int err;

	if (access(dir, F_OK) && errno == ENOENT) {
		if (ctl->opt[SL_OPT_JSON])
			puts("{}");
		else
			printf("nothing to remove: there is no '%s'\n", dir);
		return SL_EXIT_OK;
	}
	err = sl_dp_new(&dp, dir);
	if (err)
		return sl_fail("out of memory");
	/* Not started: what another version left is removed as well. */
	err = sl_dp_remove(dp);
	if (err)
		return sl_fail("%s%s", sl_dp_error(dp),
			       geteuid() ? " (without sluiced running, only root may)" : "");
	if (ctl->opt[SL_OPT_JSON])
		puts("{}");
	else
		printf("removed the data path pinned at '%s'; sluiced was not running\n", dir);
	return SL_EXIT_OK;
}

static int detach_all(struct sl_ctl *ctl)
{
	_cleanup_(sl_client_freep) struct sl_client *client = NULL;
	_cleanup_json_ json_t *reply = NULL, *body = json_pack("{s:b}", "all", 1);
	int err;

	if (!body || sl_client_new(&client, ctl->opt[SL_OPT_SOCKET] ?: SL_SOCKET))
		return sl_fail("out of memory");
	err = sl_client_request(client, "/v1/detach", body, &reply);
	if (err == -ENOENT || err == -ECONNREFUSED)
		return remove_alone(ctl);
	if (err)
		return sl_fail("%s", sl_client_error(client));
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else
		puts("detached from every interface");
	return SL_EXIT_OK;
}

int sl_cmd_detach(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	int status;

	if (!ctl->nargs == !ctl->opt[SL_OPT_ALL])
		return sl_misuse(
			"detach needs either an interface or --all (see 'sluicectl detach --help')");
	if (!ctl->nargs)
		return detach_all(ctl);
	status = check_name(ctl->args[0]);
	if (status)
		return status;
	status = sl_request(ctl, "/v1/detach", json_pack("{s:s}", "interface", ctl->args[0]),
			    &reply);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else
		printf("%s: detached\n", ctl->args[0]);
	return SL_EXIT_OK;
}
