/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "netdev.h"

#include <errno.h>
#include <stdlib.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "cleanup.h"
#include "log.h"

/* From linux/netdev.h, which the kernel headers of Debian 12 do not have. */
#define FAMILY		   "netdev"
#define CMD_DEV_GET	   1
#define A_DEV_IFINDEX	   1
#define A_DEV_XDP_FEATURES 3
#define A_DEV_MAX	   3

const char *const sl_netdev_feature_names[SL_NETDEV_FEATURES] = {
	"basic", "redirect", "ndo-xmit", "xsk-zerocopy", "hw-offload", "rx-sg", "ndo-xmit-sg",
};

struct sl_netdev {
	struct nl_sock *sock;
	int family;
};

int sl_netdev_new(struct sl_netdev **out)
{
	_cleanup_(sl_netdev_freep) struct sl_netdev *netdev = calloc(1, sizeof(*netdev));
	int err;

	if (!netdev)
		return -ENOMEM;
	netdev->sock = nl_socket_alloc();
	if (!netdev->sock)
		return -ENOMEM;
	nl_socket_disable_auto_ack(netdev->sock);
	err = genl_connect(netdev->sock);
	if (err) {
		sl_error("netlink: generic family cannot be opened: %s", nl_geterror(err));
		return -EIO;
	}
	netdev->family = genl_ctrl_resolve(netdev->sock, FAMILY);
	if (netdev->family < 0) {
		sl_info("netdev: this kernel does not tell what drivers can do for XDP");
		*out = NULL;
		return 0;
	}
	*out = TAKE_PTR(netdev);
	return 0;
}

void sl_netdev_freep(struct sl_netdev **netdev)
{
	if (!*netdev)
		return;
	nl_socket_free((*netdev)->sock);
	free(*netdev);
	*netdev = NULL;
}

static int on_reply(struct nl_msg *msg, void *data)
{
	static struct nla_policy policy[A_DEV_MAX + 1] = {
		[A_DEV_XDP_FEATURES] = { .type = NLA_U64 },
	};
	struct nlattr *attr[A_DEV_MAX + 1];
	__u64 *features = data;

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, attr, A_DEV_MAX, policy) && attr[A_DEV_XDP_FEATURES])
		*features = nla_get_u64(attr[A_DEV_XDP_FEATURES]);
	return NL_OK;
}

static int ask(struct sl_netdev *netdev, int ifindex)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -NLE_NOMEM;

	if (msg &&
	    genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, netdev->family, 0, 0, CMD_DEV_GET, 1))
		err = nla_put_u32(msg, A_DEV_IFINDEX, (__u32)ifindex);
	if (!err)
		err = nl_send_auto(netdev->sock, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_recvmsgs_default(netdev->sock);
}

int sl_netdev_features(struct sl_netdev *netdev, int ifindex, __u64 *features)
{
	__u64 found = ~0ULL;
	int err;

	if (!netdev)
		return -EOPNOTSUPP;
	nl_socket_modify_cb(netdev->sock, NL_CB_VALID, NL_CB_CUSTOM, on_reply, &found);
	err = ask(netdev, ifindex);
	if (err < 0 || found == ~0ULL) {
		sl_debug("netdev: features of interface %d: %s", ifindex, nl_geterror(err));
		return -ENODEV;
	}
	*features = found;
	return 0;
}
