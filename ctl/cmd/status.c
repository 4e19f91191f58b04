// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "iface_text.h"
#include "out.h"
#include "request.h"
#include "table.h"

static void print_daemon(const json_t *status)
{
	char age[32];

	printf("sluiced %s, pid %lld, up %s, configuration %s\n", sl_json_text(status, "version"),
	       (long long)sl_json_int(status, "pid"),
	       sl_text_age((long long)json_number_value(json_object_get(status, "uptime")), age,
			   sizeof(age)),
	       sl_json_text(status, "config"));
}

/* loaded_at: seconds since the epoch. */
static const char *local_time(json_int_t seconds, char *buffer, size_t size)
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (!seconds || !localtime_r(&at, &tm) || !strftime(buffer, size, "%F %T", &tm))
		snprintf(buffer, size, "-");
	return buffer;
}

static void print_datapath(const json_t *status)
{
	const json_t *rules = json_object_get(status, "ruleset");
	char bytes[32], when[64];

	printf("data path %s at %s", sl_json_text(status, "datapath"),
	       sl_json_text(status, "pin_dir"));
	if (json_is_object(rules))
		printf(", rule set %lld: %lld rules, %s, loaded %s",
		       (long long)sl_json_int(rules, "generation"),
		       (long long)sl_json_int(rules, "rules"),
		       sl_text_bytes((double)sl_json_int(rules, "bytes"), bytes, sizeof(bytes)),
		       local_time(sl_json_int(rules, "loaded_at"), when, sizeof(when)));
	else
		fputs(", no rule set", stdout);
	putchar('\n');
}

static enum sl_style state_style(const char *state)
{
	if (!strcmp(state, "attached"))
		return SL_GOOD;
	return strcmp(state, "failed") == 0 ? SL_BAD : SL_PLAIN;
}

static void add_iface(struct sl_table *table, const json_t *iface)
{
	const char *state = sl_json_text(iface, "state");
	json_int_t mtu = sl_json_int(iface, "mtu");
	char xdp[128];

	sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(iface, "name"));
	sl_table_cell(table, state_style(state), "%s", state);
	sl_table_cell(table, SL_PLAIN, "%s", sl_json_text(iface, "origin"));
	if (mtu)
		sl_table_cell(table, SL_PLAIN, "%lld", (long long)mtu);
	else
		sl_table_cell(table, SL_PLAIN, "-");
	sl_table_cell(table, SL_PLAIN, "%s", sl_iface_xdp_text(iface, xdp, sizeof(xdp)));
	sl_table_cell(table, SL_PLAIN, "%s", sl_iface_tc_text(iface, "ingress"));
	sl_table_cell(table, SL_PLAIN, "%s", sl_iface_tc_text(iface, "egress"));
}

static int print_ifaces(const json_t *ifaces)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const json_t *iface;
	size_t i;

	sl_table_column(table, SL_LEFT, "INTERFACE");
	sl_table_column(table, SL_LEFT, "STATE");
	sl_table_column(table, SL_LEFT, "FROM");
	sl_table_column(table, SL_RIGHT, "MTU");
	sl_table_column(table, SL_SHRINK, "XDP");
	sl_table_column(table, SL_LEFT, "TC INGRESS");
	sl_table_column(table, SL_LEFT, "TC EGRESS");
	json_array_foreach (ifaces, i, iface)
		add_iface(table, iface);
	putchar('\n');
	if (sl_table_print(table, stdout))
		return SL_EXIT_FAILED;
	json_array_foreach (ifaces, i, iface)
		sl_iface_print_notes(iface, stdout);
	return SL_EXIT_OK;
}

static void print_pending(const json_t *pending)
{
	if (json_is_object(pending))
		printf("rule set %lld waits for 'sluicectl confirm': in %lld s the configuration before comes back\n",
		       (long long)sl_json_int(pending, "generation"),
		       (long long)sl_json_int(pending, "left"));
}

int sl_cmd_status(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *status = NULL;
	const json_t *ifaces;
	int err;

	err = sl_request(ctl, "/v1/status", NULL, &status);
	if (err)
		return err;
	if (ctl->opt[SL_OPT_JSON]) {
		sl_json_page(status);
		return SL_EXIT_OK;
	}
	print_daemon(status);
	print_datapath(status);
	print_pending(json_object_get(status, "pending"));
	ifaces = json_object_get(status, "interfaces");
	if (!json_array_size(ifaces)) {
		puts("no interfaces (see 'sluicectl attach --help')");
		return SL_EXIT_OK;
	}
	return print_ifaces(ifaces);
}
