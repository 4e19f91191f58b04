/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cleanup.h"
#include "daemon.h"
#include "datapath.h"
#include "dp.h"
#include "link.h"
#include "place.h"
#include "jsontext.h"
#include "log.h"
#include "split.h"

#define MINUTE 60000000ULL

const char *const sl_origin_names[SL_ORIGIN_MAX_] = {
	[SL_ORIGIN_CONFIG] = "config",
	[SL_ORIGIN_MANUAL] = "manual",
	[SL_ORIGIN_ADOPTED] = "adopted",
};

const char *const sl_port_state_names[SL_PORT_STATE_MAX_] = {
	[SL_PORT_ATTACHED] = "attached",
	[SL_PORT_DETACHED] = "detached",
	[SL_PORT_ABSENT] = "absent",
	[SL_PORT_FAILED] = "failed",
};

/* --- the list --- */

static struct sl_port *by_index(const struct sl_daemon *daemon, int ifindex)
{
	struct sl_port *port = daemon->ports;

	while (port && port->ifindex != ifindex)
		port = port->next;
	return port;
}

static struct sl_port *waiting(const struct sl_daemon *daemon, const char *name)
{
	struct sl_port *port = daemon->ports;

	while (port && (port->ifindex || strcmp(port->name, name) != 0))
		port = port->next;
	return port;
}

struct sl_port *sl_port_find(const struct sl_daemon *daemon, const char *name)
{
	const struct sl_link *link = sl_link_by_name(daemon->monitor, name);
	struct sl_port *port = link ? by_index(daemon, link->ifindex) : NULL;

	return port ? port : waiting(daemon, name);
}

/* In the order of their names, as they are shown. */
static void port_insert(struct sl_daemon *daemon, struct sl_port *port)
{
	struct sl_port **at = &daemon->ports;

	while (*at && strcmp((*at)->name, port->name) < 0)
		at = &(*at)->next;
	port->next = *at;
	*at = port;
}

static void port_take(struct sl_daemon *daemon, const struct sl_port *port)
{
	struct sl_port **at = &daemon->ports;

	while (*at != port)
		at = &(*at)->next;
	*at = port->next;
}

static struct sl_port *port_add(struct sl_daemon *daemon, const char *name, int ifindex)
{
	struct sl_port *port = calloc(1, sizeof(*port));

	if (!port) {
		sl_error("interface '%s': out of memory, not looked after", name);
		return NULL;
	}
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ifindex = ifindex;
	port_insert(daemon, port);
	return port;
}

static void port_free(struct sl_port *port)
{
	free(port->error);
	free(port);
}

static void port_drop(struct sl_daemon *daemon, struct sl_port *port)
{
	port_take(daemon, port);
	port_free(port);
}

void sl_ports_free(struct sl_daemon *daemon)
{
	while (daemon->ports)
		port_drop(daemon, daemon->ports);
}

/* --- what is wanted --- */

/* A glob does not mean the loopback interface: "*" is said of the machine's network. */
static const struct sl_conf_iface *
clause_in(const struct sl_daemon *daemon, const struct sl_conf *conf, const char *name, int ifindex)
{
	const struct sl_conf_iface *clause = sl_conf_iface_find(conf, name);
	const struct sl_link *link = sl_link_by_index(daemon->monitor, ifindex);

	return clause && clause->is_glob && link && link->loopback ? NULL : clause;
}

static const struct sl_conf_iface *clause_for(const struct sl_daemon *daemon, const char *name,
					      int ifindex)
{
	return clause_in(daemon, daemon->conf, name, ifindex);
}

static struct sl_conf_iface want_of(const struct sl_conf_iface *clause)
{
	struct sl_conf_iface want = *clause;

	want.pattern = NULL;
	want.is_glob = false;
	return want;
}

static bool wants_equal(const struct sl_conf_iface *a, const struct sl_conf_iface *b)
{
	return a->xdp == b->xdp && a->priority == b->priority &&
	       !memcmp(a->tc, b->tc, sizeof(a->tc));
}

static bool wants_nothing(const struct sl_conf_iface *want)
{
	return want->xdp == SL_XDP_OFF && !want->tc[SL_DIR_INGRESS] && !want->tc[SL_DIR_EGRESS];
}

static bool wanted_by(const struct sl_daemon *daemon, const struct sl_conf *conf,
		      const struct sl_port *port, struct sl_conf_iface *want)
{
	const struct sl_conf_iface *clause = NULL;

	if (port->detached || daemon->dormant)
		return false;
	if (port->origin != SL_ORIGIN_MANUAL)
		clause = clause_in(daemon, conf, port->name, port->ifindex);
	if (!clause && port->origin == SL_ORIGIN_CONFIG)
		return false;
	*want = clause ? want_of(clause) : port->want;
	return !wants_nothing(want);
}

bool sl_port_wanted(const struct sl_daemon *daemon, const struct sl_port *port,
		    struct sl_conf_iface *want)
{
	return wanted_by(daemon, daemon->conf, port, want);
}

enum sl_port_state sl_port_state(const struct sl_port *port)
{
	if (!port->ifindex)
		return SL_PORT_ABSENT;
	if (port->error)
		return SL_PORT_FAILED;
	return port->attached ? SL_PORT_ATTACHED : SL_PORT_DETACHED;
}

/* --- what a rule set asks of an interface --- */

static char *misplaced(const char *name, const struct sl_conf_rule *rule, const char *why,
		       bool dispatcher)
{
	const char *file = "";
	unsigned int line = 0;
	bool known = sl_conf_rule_place(rule, &file, &line);
	char place[16] = "", *text;

	if (known)
		snprintf(place, sizeof(place), ":%u: ", line);
	if (asprintf(
		    &text,
		    dispatcher
			    ? "%s%srule '%s' needs an skb (%s), which interface '%s' cannot hand on from XDP behind libxdp's dispatcher: take the other XDP programs off, or let the rule ask for other interfaces"
			    : "%s%srule '%s' needs an skb (%s), and interface '%s' has XDP without TC ingress: give it 'tc ingress', or let the rule ask for other interfaces",
		    file, place, rule->name, why, name) < 0)
		return NULL;
	return text;
}

/* among_others: in the dispatcher, where XDP cannot leave word for TC, see SL_HANDOFF_ALL. */
static int check_one(const struct sl_conf *conf, const char *name, const struct sl_conf_iface *want,
		     bool among_others, char **words)
{
	const char *why = NULL;
	const struct sl_conf_rule *rule;

	if (want->xdp == SL_XDP_OFF || (want->tc[SL_DIR_INGRESS] && !among_others))
		return 0;
	rule = sl_conf_skb_rule(conf, name, &why);
	if (!rule)
		return 0;
	*words = misplaced(name, rule, why, want->tc[SL_DIR_INGRESS]);
	return -EOPNOTSUPP;
}

/* What rules ask is asked for each attachment; words: see sl_dp_attach. */
static int bring(struct sl_daemon *daemon, const struct sl_conf *conf, int ifindex,
		 const char *name, const struct sl_conf_iface *want, char **words)
{
	_cleanup_free_ char *words_alone = NULL;
	enum sl_dp_alone alone = SL_ALONE_NOT;
	int err;

	err = check_one(conf, name, want, false, words);
	if (err)
		return err;
	if (check_one(conf, name, want, true, &words_alone))
		alone = SL_ALONE_HANDOFF;
	else if (sl_conf_answers_long(conf, name))
		alone = SL_ALONE_ROOM;
	err = sl_dp_attach_beside(daemon->dp, ifindex, want, alone, words_alone);
	if (err)
		*words = strdup(sl_datapath_error(daemon, err));
	return err;
}

/* --- making it so --- */

/* An error that stays the same is logged once. */
static void port_failed(struct sl_port *port, const char *words)
{
	char *copy;

	if (port->error && !strcmp(port->error, words))
		return;
	sl_error("interface '%s': %s", port->name, words);
	copy = strdup(words);
	if (!copy)
		return;
	free(port->error);
	port->error = copy;
}

static void port_mended(struct sl_port *port)
{
	free(port->error);
	port->error = NULL;
}

static void port_bring(struct sl_daemon *daemon, struct sl_port *port,
		       const struct sl_conf_iface *want)
{
	_cleanup_free_ char *words = NULL;

	if (bring(daemon, daemon->conf, port->ifindex, port->name, want, &words)) {
		port_failed(port, words ? words : "out of memory");
		return;
	}
	port_mended(port);
	if (!port->attached || !wants_equal(&port->want, want))
		sl_info("interface '%s': attached", port->name);
	port->attached = true;
	port->want = *want;
}

static void port_take_down(struct sl_daemon *daemon, struct sl_port *port)
{
	int err;

	if (!port->attached) {
		port_mended(port);
		return;
	}
	err = sl_dp_detach(daemon->dp, port->ifindex);
	if (err) {
		port_failed(port, sl_datapath_error(daemon, err));
		return;
	}
	port_mended(port);
	port->attached = false;
	sl_info("interface '%s': detached", port->name);
}

static void port_settle(struct sl_daemon *daemon, struct sl_port *port)
{
	struct sl_conf_iface want = {};
	bool wanted = sl_port_wanted(daemon, port, &want);

	if (port->origin == SL_ORIGIN_ADOPTED && clause_for(daemon, port->name, port->ifindex))
		port->origin = SL_ORIGIN_CONFIG;
	if (!port->ifindex)
		return;
	if (wanted)
		port_bring(daemon, port, &want);
	else
		port_take_down(daemon, port);
}

const struct sl_conf_iface *sl_port_clause(const struct sl_daemon *daemon, const char *name,
					   int ifindex)
{
	const struct sl_conf_iface *clause = clause_for(daemon, name, ifindex);

	return clause && !wants_nothing(clause) ? clause : NULL;
}

static bool port_named(const struct sl_daemon *daemon, const char *name)
{
	size_t i;

	for (i = 0; i < daemon->conf->nifaces; i++) {
		if (!daemon->conf->ifaces[i].is_glob &&
		    !strcmp(daemon->conf->ifaces[i].pattern, name))
			return true;
	}
	return false;
}

/* Whether anything is left to remember, do or show of it. */
static bool port_needed(const struct sl_daemon *daemon, const struct sl_port *port)
{
	if (port->attached || port->detached || port->origin == SL_ORIGIN_MANUAL)
		return true;
	if (!port->ifindex)
		return port_named(daemon, port->name);
	return clause_for(daemon, port->name, port->ifindex);
}

static void port_drop_unneeded(struct sl_daemon *daemon, struct sl_port *port)
{
	if (!port_needed(daemon, port))
		port_drop(daemon, port);
}

static void add_named(struct sl_daemon *daemon)
{
	const struct sl_conf *conf = daemon->conf;
	size_t i;

	for (i = 0; i < conf->nifaces; i++) {
		if (!conf->ifaces[i].is_glob && !sl_port_find(daemon, conf->ifaces[i].pattern))
			port_add(daemon, conf->ifaces[i].pattern, 0);
	}
}

/* The port of a link, if it has or should have one: its own, one that waits for it, a new one. */
static struct sl_port *port_for(struct sl_daemon *daemon, const struct sl_link *link)
{
	struct sl_port *port = by_index(daemon, link->ifindex);

	if (port)
		return port;
	port = waiting(daemon, link->name);
	if (port)
		port->ifindex = link->ifindex;
	else if (clause_for(daemon, link->name, link->ifindex))
		port = port_add(daemon, link->name, link->ifindex);
	return port;
}

void sl_ports_settle(struct sl_daemon *daemon)
{
	const struct sl_link *link;
	struct sl_port *port, *next;

	for (link = sl_link_first(daemon->monitor); link; link = link->next)
		port_for(daemon, link);
	add_named(daemon);
	for (port = daemon->ports; port; port = next) {
		next = port->next;
		port_settle(daemon, port);
		port_drop_unneeded(daemon, port);
	}
}

static void on_minute(void *data)
{
	sl_ports_settle(data);
}

int sl_ports_watch(struct sl_daemon *daemon)
{
	int err;

	err = sl_timer_open(&daemon->loop, &daemon->minute, on_minute, daemon);
	if (!err)
		sl_timer_set(&daemon->minute, MINUTE, MINUTE);
	return err;
}

/* --- before a rule set comes into force --- */

static const struct sl_dp_iface *iface_of(const struct sl_dp_iface *ifaces, size_t count,
					  int ifindex)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (ifaces[i].ifindex == ifindex)
			return &ifaces[i];
	}
	return NULL;
}

/* Takes over line. */
static void add_line(char **words, char *line)
{
	_cleanup_free_ char *before = *words, *owned = line;

	if (asprintf(words, "%s%s\n", before ? before : "", line ? line : "out of memory") < 0)
		*words = NULL;
}

/* What want asks for beyond before. */
static struct sl_conf_iface want_more(const struct sl_conf_iface *want,
				      const struct sl_conf_iface *before)
{
	struct sl_conf_iface more = *want;
	unsigned int dir;

	if (before->xdp != SL_XDP_OFF)
		more.xdp = SL_XDP_OFF;
	for (dir = 0; dir < SL_DIR_MAX_; dir++)
		more.tc[dir] = want->tc[dir] && !before->tc[dir];
	return more;
}

/* What the interface runs already, or could not run before, is no reason to keep the old rules. */
static int check_programs(struct sl_daemon *daemon, const struct sl_port *port,
			  const struct sl_conf_iface *want, char **words)
{
	struct sl_conf_iface before = { .xdp = SL_XDP_OFF }, more;
	int err;

	if (!sl_dp_started(daemon->dp))
		return 0;
	if (!sl_port_wanted(daemon, port, &before))
		before = (struct sl_conf_iface) { .xdp = SL_XDP_OFF };
	more = want_more(want, &before);
	err = sl_dp_try(daemon->dp, &more);
	if (err &&
	    asprintf(words, "interface '%s': %s", port->name, sl_datapath_error(daemon, err)) < 0)
		*words = NULL;
	return err;
}

/* Whether a link can run the rule set as conf wants it there. */
static int check_link(struct sl_daemon *daemon, const struct sl_conf *conf,
		      const struct sl_link *link, bool among_others, char **words)
{
	struct sl_port fresh = { .ifindex = link->ifindex, .origin = SL_ORIGIN_CONFIG };
	const struct sl_port *port = by_index(daemon, link->ifindex) ?: waiting(daemon, link->name);
	struct sl_conf_iface want;

	snprintf(fresh.name, sizeof(fresh.name), "%s", link->name);
	port = port ?: &fresh;
	if (!wanted_by(daemon, conf, port, &want))
		return 0;
	return check_one(conf, link->name, &want, among_others, words)
		       ?: check_programs(daemon, port, &want, words);
}

int sl_ports_check(struct sl_daemon *daemon, const struct sl_conf *conf, char **words)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	const struct sl_link *link;
	size_t count = 0;
	int err = 0, failed;

	if (sl_dp_started(daemon->dp) && sl_dp_ifaces(daemon->dp, &ifaces, &count))
		count = 0;
	for (link = sl_link_first(daemon->monitor); link; link = link->next) {
		const struct sl_dp_iface *iface = iface_of(ifaces, count, link->ifindex);
		char *line = NULL;

		failed = check_link(daemon, conf, link, iface && iface->xdp_others, &line);
		if (!failed)
			continue;
		err = failed;
		add_line(words, line);
	}
	return err;
}

/* From the dispatcher, where the rules of conf cannot be: before they are in force. */
static int prepare(struct sl_daemon *daemon, const struct sl_conf *conf, const struct sl_port *port,
		   char **words)
{
	_cleanup_free_ char *alone = NULL;
	struct sl_conf_iface want;

	if (!wanted_by(daemon, conf, port, &want) ||
	    !check_one(conf, port->name, &want, true, &alone))
		return 0;
	return bring(daemon, conf, port->ifindex, port->name, &want, words);
}

int sl_ports_prepare(struct sl_daemon *daemon, const struct sl_conf *conf, char **words)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	const struct sl_port *port;
	size_t count = 0;
	int err;

	err = sl_dp_ifaces(daemon->dp, &ifaces, &count);
	if (err)
		*words = strdup(sl_datapath_error(daemon, err));
	for (port = daemon->ports; port && !err; port = port->next) {
		const struct sl_dp_iface *iface = iface_of(ifaces, count, port->ifindex);

		if (port->attached && iface && iface->xdp == SL_XDP_DISPATCHER)
			err = prepare(daemon, conf, port, words);
	}
	return err;
}

/* --- what the operator has detached, for who comes after us --- */

#define MEMO "detached"

static void remember(struct sl_daemon *daemon)
{
	_cleanup_free_ char *text = NULL;
	json_t *list = json_array();
	const struct sl_port *port;
	int err = -ENOMEM;

	for (port = daemon->ports; port; port = port->next) {
		if (port->detached)
			json_array_append_new(list,
					      json_stringn_nocheck(port->name, strlen(port->name)));
	}
	if (!sl_dp_started(daemon->dp)) {
		json_decref(list);
		return;
	}
	if (json_array_size(list))
		text = json_dumps(list, JSON_COMPACT);
	if (!json_array_size(list))
		err = sl_dp_memo_drop(daemon->dp, MEMO);
	else if (text)
		err = sl_dp_memo_put(daemon->dp, MEMO, text, strlen(text));
	json_decref(list);
	if (err)
		sl_warning("what was detached by hand is attached again by a restart: %s",
			   sl_datapath_error(daemon, err));
}

static void recall(struct sl_daemon *daemon)
{
	_cleanup_free_ char *text = NULL;
	const struct sl_link *link;
	const json_t *name;
	struct sl_port *port;
	json_t *list;
	size_t i, size;

	if (sl_dp_memo_get(daemon->dp, MEMO, &text, &size))
		return;
	list = json_loadb(text, size, 0, NULL);
	json_array_foreach (list, i, name) {
		if (!json_string_value(name) || json_string_length(name) >= IFNAMSIZ)
			continue;
		port = sl_port_find(daemon, json_string_value(name));
		link = sl_link_by_name(daemon->monitor, json_string_value(name));
		if (!port)
			port = port_add(daemon, json_string_value(name), link ? link->ifindex : 0);
		if (port)
			port->detached = true;
	}
	json_decref(list);
}

/* --- what was there before us --- */

static void adopt_one(struct sl_daemon *daemon, const struct sl_dp_iface *iface)
{
	const struct sl_link *link = sl_link_by_index(daemon->monitor, iface->ifindex);
	struct sl_port *port;
	int dir;

	if (!link) {
		sl_info("interface '%s': went while sluiced was not running", iface->name);
		sl_dp_forget(daemon->dp, iface->ifindex);
		return;
	}
	if (strcmp(link->name, iface->name) != 0)
		sl_dp_rename(daemon->dp, iface->ifindex, link->name);
	port = port_add(daemon, link->name, link->ifindex);
	if (!port)
		return;
	/* Without a clause that names it, it then goes. */
	port->origin =
		sl_confirm_brought(daemon, link->name) ? SL_ORIGIN_CONFIG : SL_ORIGIN_ADOPTED;
	port->attached = true;
	port->want.xdp = iface->xdp == SL_XDP_NONE ? SL_XDP_OFF : iface->xdp_mode;
	port->want.priority =
		iface->xdp == SL_XDP_DISPATCHER ? iface->xdp_priority : SL_XDP_PRIORITY;
	for (dir = 0; dir < SL_DIR_MAX_; dir++)
		port->want.tc[dir] = iface->tc[dir] != SL_TC_NONE;
	sl_info("interface '%s': found attached", link->name);
}

int sl_ports_adopt(struct sl_daemon *daemon)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	size_t i, count = 0;
	int err;

	err = sl_dp_ifaces(daemon->dp, &ifaces, &count);
	if (err)
		return err;
	for (i = 0; i < count; i++)
		adopt_one(daemon, &ifaces[i]);
	recall(daemon);
	return 0;
}

/* --- links that come, change and go --- */

/* See the top of port.h for who follows what. */
static void port_rename(struct sl_daemon *daemon, struct sl_port *port, const char *name)
{
	struct sl_port *other = waiting(daemon, name);

	sl_notice("interface '%s': is called '%s' now", port->name, name);
	if (port->attached && sl_dp_rename(daemon->dp, port->ifindex, name))
		sl_warning("interface '%s': %s", name, sl_dp_error(daemon->dp));
	port_take(daemon, port);
	snprintf(port->name, sizeof(port->name), "%s", name);
	port_insert(daemon, port);
	if (other && port->origin == SL_ORIGIN_CONFIG && !port->detached) {
		port->origin = other->origin;
		port->detached = other->detached;
		port->want = other->want;
	}
	if (other)
		port_drop(daemon, other);
	if (port->detached)
		remember(daemon);
	if (port->origin == SL_ORIGIN_CONFIG && port->attached && !port->detached &&
	    !clause_for(daemon, name, port->ifindex)) {
		port->origin = SL_ORIGIN_ADOPTED;
		sl_warning("interface '%s': not in the configuration, stays attached all the same",
			   name);
	}
}

static bool runs_generic(struct sl_daemon *daemon, const struct sl_port *port)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	size_t i, count = 0;

	if (!port->attached || sl_dp_ifaces(daemon->dp, &ifaces, &count))
		return false;
	for (i = 0; i < count && ifaces[i].ifindex != port->ifindex; i++)
		;
	return i < count && ifaces[i].xdp && ifaces[i].xdp_mode == SL_XDP_GENERIC;
}

/*
 * Where `auto` came out as generic, that stays good enough for libdp. But what the driver held
 * against native mode (the MTU, as a rule) may be gone now.
 */
static void port_try_native(struct sl_daemon *daemon, const struct sl_port *port)
{
	struct sl_conf_iface native = port->want;
	_cleanup_free_ char *words = NULL, *more = NULL;

	if (native.xdp != SL_XDP_AUTO || !runs_generic(daemon, port))
		return;
	native.xdp = SL_XDP_NATIVE;
	if (bring(daemon, daemon->conf, port->ifindex, port->name, &native, &words)) {
		sl_debug("interface '%s': stays in generic mode: %s", port->name, words);
		return;
	}
	sl_info("interface '%s': native mode is possible now", port->name);
	bring(daemon, daemon->conf, port->ifindex, port->name, &port->want, &more);
}

static bool native_may_differ(const struct sl_link *link, const struct sl_link *old)
{
	return old && (link->mtu != old->mtu || link->type != old->type ||
		       link->rx_queues != old->rx_queues || link->tx_queues != old->tx_queues);
}

void sl_ports_link_changed(void *data, const struct sl_link *link, const struct sl_link *old)
{
	struct sl_daemon *daemon = data;
	struct sl_port *port;

	if (!old || strcmp(old->name, link->name) != 0)
		sl_dp_links_changed(daemon->dp);
	if (old && strcmp(old->name, link->name) != 0) {
		port = by_index(daemon, link->ifindex);
		if (port)
			port_rename(daemon, port, link->name);
	}
	port = port_for(daemon, link);
	if (port) {
		port_settle(daemon, port);
		if (native_may_differ(link, old))
			port_try_native(daemon, port);
		port_drop_unneeded(daemon, port);
	}
	add_named(daemon);
}

void sl_ports_link_removed(void *data, const struct sl_link *link)
{
	struct sl_daemon *daemon = data;
	struct sl_port *port = by_index(daemon, link->ifindex);

	sl_dp_links_changed(daemon->dp);
	if (!port)
		return;
	sl_info("interface '%s': gone", port->name);
	if (sl_dp_started(daemon->dp) && sl_dp_forget(daemon->dp, link->ifindex))
		sl_debug("interface '%s': %s", port->name, sl_dp_error(daemon->dp));
	port->attached = false;
	port->ifindex = 0;
	if (port->origin == SL_ORIGIN_ADOPTED)
		port->origin = SL_ORIGIN_CONFIG;
	port_mended(port);
	port_drop_unneeded(daemon, port);
	add_named(daemon);
}

/* --- by hand --- */

/* The data path comes back for this when all was removed; and goes again when it fails. */
static int attach_awake(struct sl_daemon *daemon, const struct sl_link *link,
			const struct sl_conf_iface *want, char **words)
{
	bool woken = !sl_dp_started(daemon->dp);
	int err = 0;

	if (woken)
		err = sl_datapath_start(daemon, daemon->conf, words);
	if (err)
		return err;
	err = bring(daemon, daemon->conf, link->ifindex, link->name, want, words);
	if (!err)
		return 0;
	if (woken)
		sl_datapath_remove(daemon);
	return err;
}

int sl_port_attach(struct sl_daemon *daemon, const struct sl_link *link,
		   const struct sl_conf_iface *want, bool explicit, char **words)
{
	struct sl_port *port = sl_port_find(daemon, link->name);
	int err;

	if (!port)
		port = port_add(daemon, link->name, link->ifindex);
	if (!port)
		return -ENOMEM;
	err = attach_awake(daemon, link, want, words);
	if (err) {
		port_drop_unneeded(daemon, port);
		return err;
	}
	port_mended(port);
	port->ifindex = link->ifindex;
	port->origin = explicit ? SL_ORIGIN_MANUAL : SL_ORIGIN_CONFIG;
	port->want = *want;
	port->attached = !wants_nothing(want);
	port->detached = false;
	daemon->dormant = false;
	remember(daemon);
	sl_info("interface '%s': attached by hand", link->name);
	return 0;
}

static void port_detached(struct sl_daemon *daemon, struct sl_port *port)
{
	port_mended(port);
	port->attached = false;
	port->detached = true;
	if (!port->ifindex && !port_named(daemon, port->name))
		port_drop(daemon, port);
}

int sl_port_detach(struct sl_daemon *daemon, struct sl_port *port, char **words)
{
	int err = 0;

	if (port->attached)
		err = sl_dp_detach(daemon->dp, port->ifindex);
	if (err) {
		*words = strdup(sl_datapath_error(daemon, err));
		return err;
	}
	sl_info("interface '%s': detached by hand", port->name);
	port_detached(daemon, port);
	remember(daemon);
	return 0;
}

/* What waited for a confirmation is gone with all the rest, and what was before is what wakes up. */
static void confirm_ended(struct sl_daemon *daemon)
{
	if (!sl_confirm_waits(&daemon->confirm))
		return;
	sl_conf_freep(&daemon->conf);
	daemon->conf = sl_confirm_undone(daemon);
}

int sl_ports_remove(struct sl_daemon *daemon, char **words)
{
	struct sl_port *port, *next;
	int err;

	err = sl_datapath_remove(daemon);
	if (err) {
		*words = strdup(sl_datapath_error(daemon, err));
		return err;
	}
	daemon->dormant = true;
	confirm_ended(daemon);
	for (port = daemon->ports; port; port = next) {
		next = port->next;
		port_detached(daemon, port);
	}
	return 0;
}
