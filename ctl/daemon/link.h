/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The network interfaces of our namespace, kept as the kernel reports them over rtnetlink. When
 * the kernel had to drop reports (ENOBUFS), all interfaces are read anew and compared.
 */

#include <stdbool.h>

#include <linux/types.h>
#include <net/if.h>

#include "loop.h"

struct sl_link {
	struct sl_link *next;
	int ifindex;
	char name[IFNAMSIZ];
	__u32 mtu;
	__u32 rx_queues;
	__u32 tx_queues;
	__u32 xdp_prog; /* id of the program or dispatcher that netlink shows; 0: none */
	__u16 type; /* ARPHRD_* */
	bool up;
	bool loopback;
	bool seen; /* in the dump that runs */
};

/* What the owner hears. old is NULL for a new interface, and may differ in name. */
struct sl_link_ops {
	void (*changed)(void *data, const struct sl_link *link, const struct sl_link *old);
	void (*removed)(void *data, const struct sl_link *link);
};

struct sl_monitor;

/* Reads all interfaces; what changes from then on is reported while the loop runs. */
int sl_monitor_new(struct sl_monitor **out, struct sl_loop *loop, const struct sl_link_ops *ops,
		   void *data);
void sl_monitor_freep(struct sl_monitor **monitor);

const struct sl_link *sl_link_first(const struct sl_monitor *monitor);
const struct sl_link *sl_link_by_name(const struct sl_monitor *monitor, const char *name);
const struct sl_link *sl_link_by_index(const struct sl_monitor *monitor, int ifindex);
