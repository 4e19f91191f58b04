// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* What the kernel would do with a packet: RTM_GETROUTE, and which interfaces it passes: RTM_GETLINK. */

#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_link.h>
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

/* --- what is below an interface --- */

struct link {
	int ifindex;
	int master;
	int lower; /* of a device that is on top of one other */
	__u16 vlan; /* id; 0: none */
	char name[IF_NAMESIZE];
};

struct links {
	struct link *v;
	size_t count;
};

static void links_clear(struct links *links)
{
	free(links->v);
}

/* A veth's other end is called its link, too. */
static bool stands_on_one(const char *kind)
{
	return !strcmp(kind, "vlan") || !strcmp(kind, "macvlan") || !strcmp(kind, "macvtap") ||
	       !strcmp(kind, "ipvlan");
}

static void read_kind(struct link *link, struct nlattr *info, struct nlattr *lower)
{
	struct nlattr *attr[IFLA_INFO_MAX + 1], *data[IFLA_VLAN_MAX + 1];
	const char *kind;

	if (!info || nla_parse_nested(attr, IFLA_INFO_MAX, info, NULL) || !attr[IFLA_INFO_KIND])
		return;
	kind = nla_get_string(attr[IFLA_INFO_KIND]);
	if (lower && stands_on_one(kind))
		link->lower = (int)nla_get_u32(lower);
	if (!strcmp(kind, "vlan") && attr[IFLA_INFO_DATA] &&
	    !nla_parse_nested(data, IFLA_VLAN_MAX, attr[IFLA_INFO_DATA], NULL) &&
	    data[IFLA_VLAN_ID])
		link->vlan = nla_get_u16(data[IFLA_VLAN_ID]);
}

static int on_link(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	const struct ifinfomsg *info = nlmsg_data(header);
	struct nlattr *attr[IFLA_MAX + 1];
	struct links *links = data;
	struct link *more, *link;

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(header, sizeof(*info), attr, IFLA_MAX, NULL) || !attr[IFLA_IFNAME])
		return NL_OK;
	more = reallocarray(links->v, links->count + 1, sizeof(*more));
	if (!more)
		return NL_OK;
	links->v = more;
	link = &more[links->count++];
	*link = (struct link) { .ifindex = info->ifi_index };
	nla_strlcpy(link->name, attr[IFLA_IFNAME], sizeof(link->name));
	if (attr[IFLA_MASTER])
		link->master = (int)nla_get_u32(attr[IFLA_MASTER]);
	read_kind(link, attr[IFLA_LINKINFO], attr[IFLA_LINK_NETNSID] ? NULL : attr[IFLA_LINK]);
	return NL_OK;
}

static bool read_links(struct links *links)
{
	_cleanup_(socket_freep) struct nl_sock *sock = nl_socket_alloc();
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	if (!sock || nl_connect(sock, NETLINK_ROUTE))
		return false;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_link, links);
	return nl_send_simple(sock, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info)) >= 0 &&
	       nl_recvmsgs_default(sock) >= 0;
}

/* A packet that leaves a VLAN's device has its tag from there on, before those that it had. */
static struct sl_way below(const struct link *link, const struct sl_way *above)
{
	struct sl_way way = *above;

	if (!link->vlan)
		return way;
	way.tag[1] = way.tag[0];
	way.tag[0] = link->vlan;
	way.tags = above->tags ? 2 : 1;
	return way;
}

static size_t add_way(const struct links *links, int ifindex, const struct sl_way *above,
		      struct sl_way ways[SL_WAYS], size_t count)
{
	const struct link *link = NULL;
	struct sl_way down;
	size_t i;

	for (i = 0; i < links->count; i++) {
		if (links->v[i].ifindex == ifindex)
			link = &links->v[i];
	}
	if (!link || count == SL_WAYS)
		return count;
	ways[count] = *above;
	memcpy(ways[count].iface, link->name, sizeof(link->name));
	down = below(link, &ways[count++]);
	if (link->lower)
		count = add_way(links, link->lower, &down, ways, count);
	for (i = 0; i < links->count; i++) {
		if (links->v[i].master == ifindex)
			count = add_way(links, links->v[i].ifindex, &down, ways, count);
	}
	return count;
}

size_t sl_route_find(struct sl_way ways[SL_WAYS], bool six, const __u8 *to, const __u8 *from)
{
	_cleanup_(links_clear) struct links links = {};
	const struct sl_way none = {};
	struct route route = {};

	if (!look_up(&route, six, to, from) || route.oif <= 0 || !read_links(&links))
		return 0;
	return add_way(&links, route.oif, &none, ways, 0);
}

bool sl_route_is_local(bool six, const __u8 *addr)
{
	struct route route = {};

	return look_up(&route, six, addr, NULL) && route.type == RTN_LOCAL;
}
