// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* What the kernel would do with a packet: RTM_GETROUTE. */

#include "session.h"

#include <stdlib.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "cleanup.h"

struct route {
	unsigned char type; /* RTN_* */
	int oif;
};

static void socket_freep(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

static int on_route(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	const struct rtmsg *info = nlmsg_data(header);
	struct nlattr *attr[RTA_MAX + 1];
	struct route *route = data;

	if (header->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(header, sizeof(*info), attr, RTA_MAX, NULL))
		return NL_OK;
	route->type = info->rtm_type;
	if (attr[RTA_OIF])
		route->oif = nla_get_s32(attr[RTA_OIF]);
	return NL_OK;
}

/* from NULL: as whichever address. */
static struct nl_msg *question(bool six, const __u8 *to, const __u8 *from)
{
	int length = six ? 16 : 4;
	struct rtmsg info = { .rtm_family = six ? AF_INET6 : AF_INET,
			      .rtm_dst_len = (unsigned char)(8 * length),
			      .rtm_src_len = (unsigned char)(from ? 8 * length : 0) };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);

	if (msg && !nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) &&
	    !nla_put(msg, RTA_DST, length, to) && (!from || !nla_put(msg, RTA_SRC, length, from)))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static bool look_up(struct route *route, bool six, const __u8 *to, const __u8 *from)
{
	_cleanup_(socket_freep) struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg;
	int err;

	if (!sock || nl_connect(sock, NETLINK_ROUTE))
		return false;
	nl_socket_disable_auto_ack(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_route, route);
	msg = question(six, to, from);
	if (!msg)
		return false;
	err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return err >= 0 && nl_recvmsgs_default(sock) >= 0;
}

bool sl_route_find(char iface[IF_NAMESIZE], bool six, const __u8 *to, const __u8 *from)
{
	struct route route = {};

	return look_up(&route, six, to, from) && route.oif > 0 &&
	       if_indextoname((unsigned int)route.oif, iface);
}

bool sl_route_is_local(bool six, const __u8 *addr)
{
	struct route route = {};

	return look_up(&route, six, addr, NULL) && route.type == RTN_LOCAL;
}
