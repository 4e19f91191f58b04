/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "cleanup.h"
#include "log.h"

/* Room for the reports of some thousand interfaces that change at once. */
#define EVENT_BUFFER (4 << 20)
#define DUMP_TRIES   5

struct sl_monitor {
	struct sl_loop *loop;
	struct sl_watch watch;
	struct nl_sock *events; /* reports as they come */
	struct nl_sock *dump; /* blocking, to read all */
	struct sl_link *links;
	const struct sl_link_ops *ops;
	void *data;
};

static struct nla_policy policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .type = NLA_STRING, .minlen = 1, .maxlen = IFNAMSIZ },
	[IFLA_MTU] = { .type = NLA_U32 },
	[IFLA_NUM_RX_QUEUES] = { .type = NLA_U32 },
	[IFLA_NUM_TX_QUEUES] = { .type = NLA_U32 },
	[IFLA_XDP] = { .type = NLA_NESTED },
};

static __u32 get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static __u32 xdp_prog_id(struct nlattr *xdp)
{
	static struct nla_policy xdp_policy[IFLA_XDP_MAX + 1] = {
		[IFLA_XDP_PROG_ID] = { .type = NLA_U32 },
	};
	struct nlattr *attr[IFLA_XDP_MAX + 1];

	if (!xdp || nla_parse_nested(attr, IFLA_XDP_MAX, xdp, xdp_policy))
		return 0;
	return get_u32(attr[IFLA_XDP_PROG_ID]);
}

/* Reports of a bridge about its ports come as links of another family: not for us. */
static bool link_parse(struct sl_link *link, struct nlmsghdr *header)
{
	struct nlattr *attr[IFLA_MAX + 1];
	struct ifinfomsg *info = nlmsg_data(header);

	if (nlmsg_parse(header, sizeof(*info), attr, IFLA_MAX, policy))
		return false;
	if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
		return false;
	*link = (struct sl_link) {
		.ifindex = info->ifi_index,
		.mtu = get_u32(attr[IFLA_MTU]),
		.rx_queues = get_u32(attr[IFLA_NUM_RX_QUEUES]),
		.tx_queues = get_u32(attr[IFLA_NUM_TX_QUEUES]),
		.xdp_prog = xdp_prog_id(attr[IFLA_XDP]),
		.type = info->ifi_type,
		.up = info->ifi_flags & IFF_UP,
		.loopback = info->ifi_flags & IFF_LOOPBACK,
		.seen = true,
	};
	if (attr[IFLA_IFNAME])
		nla_strlcpy(link->name, attr[IFLA_IFNAME], sizeof(link->name));
	return true;
}

static struct sl_link **find(struct sl_monitor *monitor, int ifindex)
{
	struct sl_link **at = &monitor->links;

	while (*at && (*at)->ifindex != ifindex)
		at = &(*at)->next;
	return at;
}

static bool differs(const struct sl_link *a, const struct sl_link *b)
{
	return strcmp(a->name, b->name) != 0 || a->mtu != b->mtu || a->type != b->type ||
	       a->up != b->up || a->loopback != b->loopback || a->rx_queues != b->rx_queues ||
	       a->tx_queues != b->tx_queues || a->xdp_prog != b->xdp_prog;
}

static void link_new(struct sl_monitor *monitor, const struct sl_link *news)
{
	struct sl_link **at = find(monitor, news->ifindex), old;

	if (*at) {
		old = **at;
		**at = *news;
		(*at)->next = old.next;
		if (differs(&old, news))
			monitor->ops->changed(monitor->data, *at, &old);
		return;
	}
	*at = malloc(sizeof(**at));
	if (!*at) {
		sl_error("interface '%s': out of memory, not followed", news->name);
		return;
	}
	**at = *news;
	(*at)->next = NULL;
	monitor->ops->changed(monitor->data, *at, NULL);
}

static void link_gone(struct sl_monitor *monitor, struct sl_link **at)
{
	_cleanup_free_ struct sl_link *link = *at;

	if (!link)
		return;
	*at = link->next;
	monitor->ops->removed(monitor->data, link);
}

static int on_event(struct nl_msg *msg, void *data)
{
	struct sl_monitor *monitor = data;
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct sl_link link;

	if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK)
		return NL_OK;
	if (!link_parse(&link, header))
		return NL_OK;
	if (header->nlmsg_type == RTM_NEWLINK)
		link_new(monitor, &link);
	else
		link_gone(monitor, find(monitor, link.ifindex));
	return NL_OK;
}

/* --- reading all --- */

struct dump {
	struct sl_link *links;
	int err;
};

static void dump_clear(struct dump *dump)
{
	struct sl_link *link;

	while ((link = dump->links)) {
		dump->links = link->next;
		free(link);
	}
	dump->err = 0;
}

static int on_dumped(struct nl_msg *msg, void *data)
{
	struct dump *dump = data;
	struct sl_link link, *copy;

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWLINK || !link_parse(&link, nlmsg_hdr(msg)))
		return NL_OK;
	copy = malloc(sizeof(*copy));
	if (!copy) {
		dump->err = -ENOMEM;
		return NL_OK;
	}
	*copy = link;
	copy->next = dump->links;
	dump->links = copy;
	return NL_OK;
}

static int dump_links(struct sl_monitor *monitor, struct dump *dump)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	int err;

	nl_socket_modify_cb(monitor->dump, NL_CB_VALID, NL_CB_CUSTOM, on_dumped, dump);
	err = nl_send_simple(monitor->dump, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	if (err >= 0)
		err = nl_recvmsgs_default(monitor->dump);
	if (err == -NLE_DUMP_INTR)
		return -EAGAIN;
	if (err < 0) {
		sl_error("netlink: interfaces cannot be read: %s", nl_geterror(err));
		return -EIO;
	}
	return dump->err;
}

/* What is gone goes first, so that a name is free when its next owner appears. */
static void compare(struct sl_monitor *monitor, const struct dump *dump)
{
	struct sl_link **at, *link;

	for (link = monitor->links; link; link = link->next)
		link->seen = false;
	for (link = dump->links; link; link = link->next) {
		at = find(monitor, link->ifindex);
		if (*at)
			(*at)->seen = true;
	}
	for (at = &monitor->links; *at;) {
		if ((*at)->seen)
			at = &(*at)->next;
		else
			link_gone(monitor, at);
	}
	for (link = dump->links; link; link = link->next)
		link_new(monitor, link);
}

static int read_all(struct sl_monitor *monitor)
{
	_cleanup_(dump_clear) struct dump dump = {};
	int err, tries = DUMP_TRIES;

	do {
		dump_clear(&dump);
		err = dump_links(monitor, &dump);
	} while (err == -EAGAIN && --tries);
	/* Changed all the time while we read: what is missing comes as events. */
	if (err && err != -EAGAIN)
		return err;
	compare(monitor, &dump);
	return 0;
}

/* --- the event socket --- */

/*
 * What is still queued is older than what was lost: after a full read it would bring back names and
 * MTUs that are no longer true.
 */
static void discard(struct sl_monitor *monitor)
{
	char byte;

	while (recv(nl_socket_get_fd(monitor->events), &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

static void on_readable(void *data, uint32_t events)
{
	struct sl_monitor *monitor = data;
	int err = nl_recvmsgs_default(monitor->events);

	if (err >= 0 || err == -NLE_AGAIN || err == -NLE_INTR)
		return;
	/* libnl says NLE_NOMEM for ENOBUFS: reports were lost. */
	discard(monitor);
	sl_notice("netlink: reports were lost (%s), reading all interfaces", nl_geterror(err));
	if (read_all(monitor))
		sl_error("netlink: changes of interfaces may have been missed");
}

/* A smaller one is no error: what does not fit is read anew. */
static void buffer_set(struct nl_sock *sock)
{
	int size = EVENT_BUFFER;

	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		sl_debug("netlink: buffer stays small: %m");
}

static int events_open(struct sl_monitor *monitor)
{
	int err;

	nl_socket_disable_seq_check(monitor->events);
	nl_socket_modify_cb(monitor->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, monitor);
	err = nl_connect(monitor->events, NETLINK_ROUTE);
	if (!err)
		err = nl_socket_set_nonblocking(monitor->events);
	if (!err)
		err = nl_socket_set_msg_buf_size(monitor->events, 1 << 16);
	if (!err)
		err = nl_socket_add_memberships(monitor->events, RTNLGRP_LINK, 0);
	if (!err)
		buffer_set(monitor->events);
	return err;
}

static int dump_open(struct sl_monitor *monitor)
{
	int err = nl_connect(monitor->dump, NETLINK_ROUTE);

	return err ? err : nl_socket_set_msg_buf_size(monitor->dump, 1 << 16);
}

static void ignore_changed(void *data, const struct sl_link *link, const struct sl_link *old)
{
}

static void ignore_removed(void *data, const struct sl_link *link)
{
}

/* While the interfaces are read for the first time. */
static const struct sl_link_ops nobody = { ignore_changed, ignore_removed };

int sl_monitor_new(struct sl_monitor **out, struct sl_loop *loop, const struct sl_link_ops *ops,
		   void *data)
{
	_cleanup_(sl_monitor_freep) struct sl_monitor *monitor = calloc(1, sizeof(*monitor));
	int err;

	if (!monitor)
		return -ENOMEM;
	monitor->loop = loop;
	monitor->watch.fd = -1;
	monitor->ops = &nobody;
	monitor->data = data;
	monitor->events = nl_socket_alloc();
	monitor->dump = nl_socket_alloc();
	if (!monitor->events || !monitor->dump)
		return -ENOMEM;
	err = events_open(monitor);
	if (!err)
		err = dump_open(monitor);
	if (err) {
		sl_error("netlink: cannot be opened: %s", nl_geterror(err));
		return -EIO;
	}
	err = sl_watch_add(loop, &monitor->watch, nl_socket_get_fd(monitor->events), EPOLLIN,
			   on_readable, monitor);
	if (!err)
		err = read_all(monitor);
	if (err)
		return err;
	monitor->ops = ops;
	*out = TAKE_PTR(monitor);
	return 0;
}

void sl_monitor_freep(struct sl_monitor **monitor)
{
	struct sl_link *link;

	if (!*monitor)
		return;
	sl_watch_remove((*monitor)->loop, &(*monitor)->watch);
	nl_socket_free((*monitor)->events);
	nl_socket_free((*monitor)->dump);
	while ((link = (*monitor)->links)) {
		(*monitor)->links = link->next;
		free(link);
	}
	free(*monitor);
	*monitor = NULL;
}

const struct sl_link *sl_link_first(const struct sl_monitor *monitor)
{
	return monitor->links;
}

const struct sl_link *sl_link_by_name(const struct sl_monitor *monitor, const char *name)
{
	const struct sl_link *link = monitor->links;

	while (link && strcmp(link->name, name) != 0)
		link = link->next;
	return link;
}

const struct sl_link *sl_link_by_index(const struct sl_monitor *monitor, int ifindex)
{
	const struct sl_link *link = monitor->links;

	while (link && link->ifindex != ifindex)
		link = link->next;
	return link;
}
