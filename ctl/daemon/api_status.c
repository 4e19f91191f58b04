/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "daemon.h"
#include "dp.h"
#include "jsontext.h"
#include "link.h"
#include "names.h"
#include "netdev.h"
#include "port.h"

static const char *const xdp_attach_names[] = {
	[SL_XDP_NONE] = "none",
	[SL_XDP_DISPATCHER] = "dispatcher",
	[SL_XDP_SINGLE] = "single",
};

static const char *const tc_attach_names[] = {
	[SL_TC_NONE] = "none",
	[SL_TC_TCX] = "tcx",
	[SL_TC_CLSACT] = "clsact",
};

json_t *sl_api_ruleset(const struct sl_daemon *daemon)
{
	const struct sl_ruleset *rs = NULL;

	if (sl_dp_started(daemon->dp))
		rs = sl_dp_ruleset(daemon->dp);
	if (!rs)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "generation", (json_int_t)rs->generation, "rules",
			 (json_int_t)rs->nrules, "loaded_at", (json_int_t)rs->loaded_at, "bytes",
			 (json_int_t)rs->size);
}

/* null: nothing has to be confirmed. */
json_t *sl_api_pending(const struct sl_daemon *daemon)
{
	const struct sl_confirm *confirm = &daemon->confirm;

	if (!sl_confirm_waits(confirm))
		return json_null();
	return json_pack("{s:I, s:i, s:i}", "generation", (json_int_t)confirm->generation,
			 "seconds", (int)confirm->seconds, "left", (int)sl_confirm_left(confirm));
}

/* null: the kernel does not tell. */
static json_t *features_json(struct sl_daemon *daemon, int ifindex)
{
	__u64 features;
	json_t *list;
	int i;

	if (!ifindex || sl_netdev_features(daemon->netdev, ifindex, &features))
		return json_null();
	list = json_array();
	for (i = 0; i < SL_NETDEV_FEATURES; i++) {
		if (features & 1ULL << i)
			json_array_append_new(list, json_string(sl_netdev_feature_names[i]));
	}
	return list;
}

static json_t *prog_json(__u32 id)
{
	return id ? json_integer(id) : json_null();
}

/* want: NULL when nothing is wanted. */
static json_t *xdp_json(const struct sl_conf_iface *want, const struct sl_dp_iface *iface)
{
	json_t *xdp = json_object();

	sl_json_set(xdp, "requested", want ? json_string(sl_xdp_mode_names[want->xdp]) : NULL);
	sl_json_set(xdp, "mode", json_string(sl_xdp_mode_names[iface->xdp_mode]));
	sl_json_set(xdp, "attach", json_string(xdp_attach_names[iface->xdp]));
	sl_json_set(xdp, "why", *iface->xdp_why ? sl_json_text(iface->xdp_why) : NULL);
	sl_json_set(xdp, "frags", json_boolean(iface->xdp_frags));
	sl_json_set(xdp, "priority", want ? json_integer(want->priority) : NULL);
	sl_json_set(xdp, "program_id", prog_json(iface->xdp_prog_id));
	return xdp;
}

static json_t *tc_json(const struct sl_dp_iface *iface)
{
	json_t *tc = json_object(), *hook;
	int dir;

	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		hook = json_object();
		sl_json_set(hook, "attach", json_string(tc_attach_names[iface->tc[dir]]));
		sl_json_set(hook, "program_id", prog_json(iface->tc_prog_id[dir]));
		sl_json_set(tc, sl_dir_names[dir], hook);
	}
	return tc;
}

/* What is wanted, was attached, and is gone all the same. */
static const char *lost(const struct sl_port *port, const struct sl_conf_iface *want,
			const struct sl_dp_iface *iface)
{
	if (!port->attached)
		return NULL;
	if (want->xdp != SL_XDP_OFF && iface->xdp == SL_XDP_NONE)
		return "xdp: something else has detached it, it is put back within a minute";
	if ((want->tc[SL_DIR_INGRESS] && iface->tc[SL_DIR_INGRESS] == SL_TC_NONE) ||
	    (want->tc[SL_DIR_EGRESS] && iface->tc[SL_DIR_EGRESS] == SL_TC_NONE))
		return "tc: something else has detached it, it is put back within a minute";
	return NULL;
}

/* iface: what runs there, all zero when nothing does. */
static json_t *port_json(struct sl_daemon *daemon, const struct sl_port *port,
			 const struct sl_dp_iface *iface)
{
	const struct sl_link *link = sl_link_by_index(daemon->monitor, port->ifindex);
	json_t *json = json_object();
	struct sl_conf_iface want;
	bool wanted = sl_port_wanted(daemon, port, &want);
	const char *error = wanted && !port->error ? lost(port, &want, iface) : port->error;
	enum sl_port_state state = error ? SL_PORT_FAILED : sl_port_state(port);

	sl_json_set(json, "name", sl_json_text(port->name));
	sl_json_set(json, "ifindex", link ? json_integer(port->ifindex) : NULL);
	sl_json_set(json, "slot", iface->ifindex ? json_integer(iface->slot) : NULL);
	sl_json_set(json, "origin", json_string(sl_origin_names[port->origin]));
	sl_json_set(json, "state", json_string(sl_port_state_names[state]));
	sl_json_set(json, "error", error ? sl_json_text(error) : NULL);
	sl_json_set(json, "mtu", link ? json_integer(link->mtu) : NULL);
	sl_json_set(json, "driver_features", features_json(daemon, port->ifindex));
	sl_json_set(json, "xdp", xdp_json(wanted ? &want : NULL, iface));
	sl_json_set(json, "tc", tc_json(iface));
	return json;
}

static const struct sl_dp_iface *iface_of(const struct sl_port *port,
					  const struct sl_dp_iface *ifaces, size_t count)
{
	static const struct sl_dp_iface nothing = { .xdp_mode = SL_XDP_OFF };
	size_t i;

	for (i = 0; i < count; i++) {
		if (port->ifindex && ifaces[i].ifindex == port->ifindex)
			return &ifaces[i];
	}
	return &nothing;
}

static int read_ifaces(const struct sl_daemon *daemon, struct sl_dp_iface **out, size_t *count)
{
	*out = NULL;
	*count = 0;
	return sl_dp_started(daemon->dp) ? sl_dp_ifaces(daemon->dp, out, count) : 0;
}

json_t *sl_api_iface(struct sl_daemon *daemon, const struct sl_port *port)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	size_t count;

	read_ifaces(daemon, &ifaces, &count);
	return port_json(daemon, port, iface_of(port, ifaces, count));
}

static json_t *uptime(const struct sl_daemon *daemon)
{
	return json_integer((json_int_t)((sl_now() - daemon->started) / 1000000));
}

int sl_api_status(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	json_t *status = json_object(), *list = json_array();
	const struct sl_port *port;
	size_t count;

	if (read_ifaces(daemon, &ifaces, &count)) {
		json_decref(status);
		json_decref(list);
		return sl_json_error(reply, 500, "%s", sl_dp_error(daemon->dp));
	}
	for (port = daemon->ports; port; port = port->next)
		json_array_append_new(list, port_json(daemon, port, iface_of(port, ifaces, count)));
	sl_json_set(status, "version", json_string(SL_VERSION));
	sl_json_set(status, "abi", json_integer(SL_ABI_VERSION));
	sl_json_set(status, "pid", json_integer(getpid()));
	sl_json_set(status, "uptime", uptime(daemon));
	sl_json_set(status, "config", sl_json_text(daemon->opts->config));
	sl_json_set(status, "pin_dir", sl_json_text(daemon->opts->pin_dir));
	sl_json_set(status, "datapath",
		    json_string(sl_dp_started(daemon->dp) ? "running" : "empty"));
	sl_json_set(status, "ruleset", sl_api_ruleset(daemon));
	sl_json_set(status, "pending", sl_api_pending(daemon));
	sl_json_set(status, "interfaces", list);
	*reply = status;
	return 200;
}
