// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* TC: a pinned TCX link at each hook; where the kernel has no TCX, a filter on a clsact qdisc. */

#include "dp.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "names.h"
#include "private.h"

static __u32 link_prog_id(int link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return bpf_link_get_info_by_fd(link, &info, &size) ? 0 : info.prog_id;
}

/* A link whose interface is gone stays, attached to nothing. */
static bool link_is_live(int link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return !bpf_link_get_info_by_fd(link, &info, &size) && info.tcx.ifindex;
}

int dp_tc_read(struct sl_dp *dp, int ifindex, enum sl_hook hook, const char *suffix,
	       struct dp_hook *out)
{
	out->fd = dp_pin_get(dp, "if/%d/%s%s", ifindex, sl_hook_names[hook], suffix);
	if (out->fd == -ENOENT)
		return 0;
	if (out->fd < 0)
		return out->fd;
	out->id = dp_prog_id(out->fd);
	out->link = dp_pin_get(dp, "if/%d/%s-link", ifindex, sl_hook_names[hook]);
	if (out->link < 0 && out->link != -ENOENT)
		return out->link;
	if (out->link >= 0 && link_is_live(out->link) && link_prog_id(out->link) == out->id)
		out->kind = SL_TC_TCX;
	else if (out->link < 0 && dp_clsact_query(ifindex, hook) == out->id)
		out->kind = SL_TC_CLSACT;
	return 0;
}

int dp_tc_load(struct sl_dp *dp, const struct dp_load *load, struct dp_hook *out)
{
	return dp_xdp_load(dp, load, out);
}

static int attach_tcx(struct sl_dp *dp, int ifindex, enum sl_hook hook, struct dp_hook *new)
{
	enum bpf_attach_type type = hook == SL_HOOK_TC_EGRESS ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;

	if (dp->no_tcx)
		return -EINVAL;
	new->link = bpf_link_create(new->fd, ifindex, type, NULL);
	if (new->link < 0)
		return new->link;
	new->kind = SL_TC_TCX;
	return 0;
}

int dp_tc_attach(struct sl_dp *dp, int ifindex, const char *name, enum sl_hook hook,
		 struct dp_hook *new)
{
	int tcx, err;

	tcx = attach_tcx(dp, ifindex, hook, new);
	if (!tcx)
		return 0;
	dp_log(7, "%s: TCX link on '%s' refused: %s; trying clsact", sl_hook_names[hook], name,
	       dp_words(tcx));
	err = dp_clsact_attach(dp, ifindex, hook, new->fd);
	if (err)
		return dp_fail(dp, err, "%s: attach to '%s' failed: %s", sl_hook_names[hook], name,
			       dp_words(err));
	new->kind = SL_TC_CLSACT;
	return 0;
}

int dp_tc_swap(struct sl_dp *dp, int ifindex, const char *name, enum sl_hook hook,
	       const struct dp_hook *at, int from, int to)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE, .old_prog_fd = (__u32)from);
	int err;

	err = at->kind == SL_TC_TCX ? bpf_link_update(at->link, to, &opts)
				    : dp_clsact_swap(ifindex, hook, to);
	if (err)
		return dp_fail(dp, err, "%s: replacing the program on '%s' failed: %s",
			       sl_hook_names[hook], name, dp_words(err));
	return 0;
}

int dp_tc_detach(struct sl_dp *dp, int ifindex, enum sl_hook hook, const struct dp_hook *old)
{
	int err = 0;

	if (old->kind == SL_TC_TCX)
		err = bpf_link_detach(old->link);
	else if (old->kind == SL_TC_CLSACT)
		err = dp_clsact_detach(dp, ifindex, hook);
	if (err)
		return dp_fail(dp, err, "%s: detach from interface %d failed: %s",
			       sl_hook_names[hook], ifindex, dp_words(err));
	return 0;
}
