// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * A filter with direct action on the interface's clsact qdisc. Others may have made that qdisc, or
 * may put filters on it later: ours has a handle and a priority of its own, and the qdisc goes with
 * it only if we made it (then if/IFINDEX/clsact is pinned) and it is empty.
 */

#include "dp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "private.h"

#define FILTER_HANDLE	0x534c
#define FILTER_PRIORITY 0x534c

static struct bpf_tc_hook hook_at(int ifindex, enum sl_hook hook)
{
	return (struct bpf_tc_hook) {
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = ifindex,
		.attach_point = hook == SL_HOOK_TC_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

__u32 dp_clsact_query(int ifindex, enum sl_hook hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook at = hook_at(ifindex, hook);
	int err;

	dp_log_trying(true);
	err = bpf_tc_query(&at, &opts);
	dp_log_trying(false);
	return err ? 0 : opts.prog_id;
}

/* The answers to a dump in buf: how many filters; -EAGAIN when more will come. */
static int count_messages(const char *buf, ssize_t len, int *count)
{
	const struct nlmsghdr *msg = (const struct nlmsghdr *)buf;

	for (; NLMSG_OK(msg, len); msg = NLMSG_NEXT(msg, len)) {
		if (msg->nlmsg_type == NLMSG_DONE)
			return 0;
		if (msg->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(msg))->error ?: -EIO;
		*count += msg->nlmsg_type == RTM_NEWTFILTER;
	}
	return -EAGAIN;
}

static int dump_send(int sock, int ifindex, __u32 parent)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETTFILTER,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = parent },
	};

	return send(sock, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int count_filters(int ifindex, __u32 parent, int *count)
{
	_cleanup_close_ int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char buf[16384] __attribute__((aligned(8)));
	ssize_t len;
	int err;

	if (sock < 0)
		return -errno;
	err = dump_send(sock, ifindex, parent);
	if (err)
		return err;
	do {
		len = recv(sock, buf, sizeof(buf), 0);
		err = len < 0 ? -errno : count_messages(buf, len, count);
	} while (err == -EAGAIN);
	return err;
}

static bool qdisc_is_empty(int ifindex)
{
	int count = 0;

	return !count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), &count) &&
	       !count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), &count) && !count;
}

static int qdisc_make(struct sl_dp *dp, int ifindex, int fd)
{
	struct bpf_tc_hook at = hook_at(ifindex, SL_HOOK_TC_INGRESS);
	int err;

	at.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	err = bpf_tc_hook_create(&at);
	if (err)
		return err == -EEXIST ? 0 : err;
	dp_unpin(dp, "if/%d/clsact", ifindex);
	return dp_pin(dp, fd, "if/%d/clsact", ifindex);
}

static void qdisc_remove(struct sl_dp *dp, int ifindex)
{
	_cleanup_close_ int ours = dp_pin_get(dp, "if/%d/clsact", ifindex);
	struct bpf_tc_hook at = hook_at(ifindex, SL_HOOK_TC_INGRESS);

	if (ours < 0 || !qdisc_is_empty(ifindex))
		return;
	at.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&at);
	dp_unpin(dp, "if/%d/clsact", ifindex);
}

static int filter_set(int ifindex, enum sl_hook hook, int fd, __u32 flags)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = fd, .flags = flags);
	struct bpf_tc_hook at = hook_at(ifindex, hook);

	return bpf_tc_attach(&at, &opts);
}

int dp_clsact_attach(struct sl_dp *dp, int ifindex, enum sl_hook hook, int fd)
{
	int err;

	err = qdisc_make(dp, ifindex, fd);
	if (!err)
		err = filter_set(ifindex, hook, fd, 0);
	if (err)
		qdisc_remove(dp, ifindex);
	return err;
}

int dp_clsact_swap(int ifindex, enum sl_hook hook, int fd)
{
	return filter_set(ifindex, hook, fd, BPF_TC_F_REPLACE);
}

int dp_clsact_detach(struct sl_dp *dp, int ifindex, enum sl_hook hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook at = hook_at(ifindex, hook);
	int err;

	err = bpf_tc_detach(&at, &opts);
	if (err && err != -ENOENT && err != -EINVAL)
		return err;
	qdisc_remove(dp, ifindex);
	return 0;
}
