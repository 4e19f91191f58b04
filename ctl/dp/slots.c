// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Interfaces and their slots in the arena. */

#include "dp.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "private.h"

int dp_device_check(struct sl_dp *dp, int ifindex, char name[16])
{
	_cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {};

	if (sock < 0)
		return dp_fail(dp, -errno, "socket: %s", dp_words(errno));
	if (!if_indextoname((unsigned int)ifindex, req.ifr_name) && errno != ENXIO)
		return dp_fail(dp, -errno, "interface %d: %s", ifindex, dp_words(errno));
	if (!req.ifr_name[0])
		return dp_fail(dp, -ENODEV, "there is no interface with index %d", ifindex);
	if (ioctl(sock, SIOCGIFHWADDR, &req))
		return dp_fail(dp, -errno, "interface '%s': %s", req.ifr_name, dp_words(errno));
	if (req.ifr_hwaddr.sa_family != ARPHRD_ETHER && req.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return dp_fail(dp, -EOPNOTSUPP, "interface '%s' is not Ethernet", req.ifr_name);
	memcpy(name, req.ifr_name, 16);
	return 0;
}

int dp_slot_find(const struct sl_dp *dp, int ifindex)
{
	__u32 slot;

	for (slot = 0; slot < SL_MAX_IFACES; slot++)
		if (dp->root->iface[slot].ifindex == (__u32)ifindex)
			return (int)slot;
	return -ENOENT;
}

/* The slot that had this name; else one that had none; else any that is free. */
static int slot_choose(const struct sl_dp *dp, const char *name)
{
	int unused = -ENOSPC, former = -ENOSPC;
	__u32 slot;

	for (slot = SL_MAX_IFACES; slot-- > 0;) {
		const struct sl_iface *iface = &dp->root->iface[slot];

		if (iface->ifindex)
			continue;
		if (!strncmp(iface->name, name, sizeof(iface->name)))
			return (int)slot;
		if (iface->name[0])
			former = (int)slot;
		else
			unused = (int)slot;
	}
	return unused >= 0 ? unused : former;
}

/* Another interface's counters start at 0; the same one's go on. */
static int slot_pages(struct sl_dp *dp, __u32 slot, bool same)
{
	__u32 offset = sl_if_stats_offset(slot, dp->ncpus, 0);
	__u64 size = (__u64)dp->ncpus * SL_PAGE_SIZE;
	int err;

	err = dp_arena_touch(dp, offset, size);
	if (!err && !same)
		memset(dp_at(dp, offset), 0, size);
	return err;
}

int dp_slot_get(struct sl_dp *dp, int ifindex, const char *name, __u32 *out)
{
	struct sl_iface *iface;
	bool same;
	int slot, err;

	slot = slot_choose(dp, name);
	if (slot < 0)
		return dp_fail(dp, slot,
			       "interface '%s': %u interfaces are attached, more cannot be", name,
			       SL_MAX_IFACES);
	iface = &dp->root->iface[slot];
	same = !strncmp(iface->name, name, sizeof(iface->name));
	err = slot_pages(dp, (__u32)slot, same);
	if (err)
		return err;
	memset(dp_note(dp, (__u32)slot), 0, sizeof(struct sl_note));
	memset(iface->instance, 0, sizeof(iface->instance));
	iface->heed = 0;
	strncpy(iface->name, name, sizeof(iface->name) - 1);
	iface->ifindex = (__u32)ifindex;
	dp_refer(dp, dp->root->ruleset);
	*out = (__u32)slot;
	return 0;
}

void dp_slot_free(struct sl_dp *dp, __u32 slot)
{
	unsigned int hook;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		dp_charge_set(dp, slot, (enum sl_hook)hook, 0);
	dp->root->iface[slot].ifindex = 0;
	dp_refer(dp, dp->root->ruleset);
}

int sl_dp_rename(struct sl_dp *dp, int ifindex, const char *name)
{
	int slot = dp->base ? dp_slot_find(dp, ifindex) : -ENOENT;

	if (slot < 0)
		return dp_fail(dp, -ENOENT, "interface '%s' is not attached", name);
	if (!strncmp(dp->root->iface[slot].name, name, sizeof(dp->root->iface[slot].name)))
		return 0;
	memset(dp->root->iface[slot].name, 0, sizeof(dp->root->iface[slot].name));
	strncpy(dp->root->iface[slot].name, name, sizeof(dp->root->iface[slot].name) - 1);
	dp_refer(dp, dp->root->ruleset);
	return 0;
}

static void fill_hooks(struct sl_dp_iface *out, const struct dp_hook hooks[SL_HOOK_MAX_])
{
	const struct dp_hook *xdp = &hooks[SL_HOOK_XDP];

	out->xdp = (enum sl_xdp_attach)xdp->kind;
	if (xdp->kind) {
		out->xdp_mode = xdp->mode;
		out->xdp_frags = xdp->frags;
		out->xdp_priority = xdp->priority;
		out->xdp_prog_id = xdp->id;
	}
	out->tc[SL_DIR_INGRESS] = (enum sl_tc_attach)hooks[SL_HOOK_TC_INGRESS].kind;
	out->tc[SL_DIR_EGRESS] = (enum sl_tc_attach)hooks[SL_HOOK_TC_EGRESS].kind;
	if (hooks[SL_HOOK_TC_INGRESS].kind)
		out->tc_prog_id[SL_DIR_INGRESS] = hooks[SL_HOOK_TC_INGRESS].id;
	if (hooks[SL_HOOK_TC_EGRESS].kind)
		out->tc_prog_id[SL_DIR_EGRESS] = hooks[SL_HOOK_TC_EGRESS].id;
}

static int fill(struct sl_dp *dp, __u32 slot, struct sl_dp_iface *out)
{
	struct dp_hook hooks[SL_HOOK_MAX_] = { DP_HOOK_NONE, DP_HOOK_NONE, DP_HOOK_NONE };
	const struct sl_iface *iface = &dp->root->iface[slot];
	unsigned int hook;
	int err;

	memset(out, 0, sizeof(*out));
	memcpy(out->name, iface->name, sizeof(out->name));
	out->ifindex = (int)iface->ifindex;
	out->slot = slot;
	err = dp_hooks_read(dp, out->ifindex, hooks);
	if (!err) {
		fill_hooks(out, hooks);
		out->xdp_others = out->xdp == SL_XDP_DISPATCHER &&
				  dp_xdp_has_others(dp, out->ifindex, &hooks[SL_HOOK_XDP]);
		if (out->xdp)
			memcpy(out->xdp_why, dp_note(dp, slot)->xdp_why, sizeof(out->xdp_why));
	}
	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		dp_hook_clear(&hooks[hook]);
	return err;
}

int sl_dp_ifaces(struct sl_dp *dp, struct sl_dp_iface **out, size_t *count)
{
	_cleanup_free_ struct sl_dp_iface *list = NULL;
	size_t n = 0;
	__u32 slot;
	int err;

	list = calloc(SL_MAX_IFACES, sizeof(*list));
	if (!list)
		return dp_fail(dp, -ENOMEM, "no memory");
	for (slot = 0; dp->base && slot < SL_MAX_IFACES; slot++) {
		if (!dp->root->iface[slot].ifindex)
			continue;
		err = fill(dp, slot, &list[n++]);
		if (err)
			return err;
	}
	*out = TAKE_PTR(list);
	*count = n;
	return 0;
}

const char *sl_dp_iface_name(const struct sl_dp *dp, __u32 slot)
{
	return dp->base && slot < SL_MAX_IFACES ? dp->root->iface[slot].name : "";
}
