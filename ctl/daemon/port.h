/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Ports: the interfaces that Sluice has to do with, and what is wanted of each.
 *
 * Three sources say what is wanted. The configuration: the first clause that matches the name. The
 * operator: `attach` with options of its own goes before the clause, until sluiced restarts;
 * `detach` keeps the interface detached, over restarts as well. Both hold until the opposite is
 * asked. And what a sluiced before
 * us left attached without a clause that names it: adopted, and left as it is while it exists.
 *
 * A port whose interface exists is known by its ifindex and follows it when it is renamed: what
 * the operator asked for goes along, while a clause must match the new name. When none does, the
 * port stays attached as adopted: a renamed interface must not pass packets unseen because a file
 * speaks of its old name. A port whose interface does not exist waits for its name.
 *
 * What is wanted is compared with what is whenever an interface changes, and once a minute for what
 * tells nobody: so one that could not be attached is tried again, its error being logged once, and
 * a program that something else took away comes back.
 */

#include <stdbool.h>

#include <net/if.h>

#include "rules.h"

struct sl_daemon;
struct sl_link;

enum sl_origin {
	SL_ORIGIN_CONFIG,
	SL_ORIGIN_MANUAL,
	SL_ORIGIN_ADOPTED,
	SL_ORIGIN_MAX_
};
extern const char *const sl_origin_names[SL_ORIGIN_MAX_];

enum sl_port_state {
	SL_PORT_ATTACHED,
	SL_PORT_DETACHED,
	SL_PORT_ABSENT,
	SL_PORT_FAILED,
	SL_PORT_STATE_MAX_
};
extern const char *const sl_port_state_names[SL_PORT_STATE_MAX_];

struct sl_port {
	struct sl_port *next;
	char name[IFNAMSIZ];
	int ifindex; /* 0: there is no such interface */
	enum sl_origin origin;
	bool detached; /* by hand */
	bool attached; /* libdp has it */
	struct sl_conf_iface want; /* without its pattern: what was wanted last */
	char *error; /* why it is not as wanted */
};

/* The interface that is called so, else the port that waits for that name, else NULL. */
struct sl_port *sl_port_find(const struct sl_daemon *daemon, const char *name);
enum sl_port_state sl_port_state(const struct sl_port *port);
/* Whether anything is wanted of the port now; want is filled then. */
bool sl_port_wanted(const struct sl_daemon *daemon, const struct sl_port *port,
		    struct sl_conf_iface *want);

/*
 * The clause of the configuration that holds for an interface (ifindex 0: for one that there is
 * not) and wants something of it, or NULL.
 */
const struct sl_conf_iface *sl_port_clause(const struct sl_daemon *daemon, const char *name,
					   int ifindex);

/*
 * Before a rule set comes into force: whether all interfaces can run it. What cannot be is added to
 * *words (malloc'ed), a line for each interface.
 */
int sl_ports_check(struct sl_daemon *daemon, const struct sl_conf *conf, char **words);
/* Interfaces come to be such that conf can be in force, while the rules before it are. */
int sl_ports_prepare(struct sl_daemon *daemon, const struct sl_conf *conf, char **words);

/* Takes over what is attached already. */
int sl_ports_adopt(struct sl_daemon *daemon);
/* Settles all once a minute. */
int sl_ports_watch(struct sl_daemon *daemon);
/* Makes ports for what a new configuration names, drops those that nothing names, settles all. */
void sl_ports_settle(struct sl_daemon *daemon);
void sl_ports_free(struct sl_daemon *daemon);

/* For struct sl_link_ops; data is the daemon. */
void sl_ports_link_changed(void *data, const struct sl_link *link, const struct sl_link *old);
void sl_ports_link_removed(void *data, const struct sl_link *link);

/*
 * By hand. On failure all stays as it was, and *words says why (malloc'ed). want is what shall
 * hold; explicit says that it goes before the configuration.
 */
int sl_port_attach(struct sl_daemon *daemon, const struct sl_link *link,
		   const struct sl_conf_iface *want, bool explicit, char **words);
int sl_port_detach(struct sl_daemon *daemon, struct sl_port *port, char **words);
/* All of Sluice leaves the kernel. */
int sl_ports_remove(struct sl_daemon *daemon, char **words);
