// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * XDP, through libxdp: its dispatcher lets programs of several owners run on one interface. It is
 * made of EXT programs; where the kernel refuses those, libxdp attaches the one program directly,
 * silently, and it is up to us to look.
 *
 * Frames in fragments: a native program must say that it takes them, or a driver with a large MTU
 * refuses it. A generic one must not: the kernel then hands the frame on to TC without its Ethernet
 * header (Linux 6.12, 6.18 and 7.2). It gets frames whole anyway.
 */

#include "dp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <xdp/libxdp.h>

#include "private.h"

/* What is attached to an interface, whoever did it. */
struct attached {
	__u32 id;
	enum sl_xdp_mode mode;
};

static int attached_read(struct sl_dp *dp, int ifindex, struct attached *out)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int err;

	err = bpf_xdp_query(ifindex, 0, &query);
	if (err)
		return dp_fail(dp, err, "xdp: query of interface %d failed: %s", ifindex,
			       dp_words(err));
	out->mode = query.skb_prog_id ? SL_XDP_GENERIC : SL_XDP_NATIVE;
	out->id = query.skb_prog_id ?: query.drv_prog_id ?: query.hw_prog_id;
	return 0;
}

static enum xdp_attach_mode libxdp_mode(enum sl_xdp_mode mode)
{
	return mode == SL_XDP_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

static __u32 kernel_mode(enum sl_xdp_mode mode)
{
	return mode == SL_XDP_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

/* The dispatcher's member with this id; the multiprog must outlive it. */
static struct xdp_program *member_find(struct xdp_multiprog *mp, __u32 id)
{
	struct xdp_program *prog = NULL;

	while ((prog = xdp_multiprog__next_prog(prog, mp)))
		if (xdp_program__id(prog) == id)
			return prog;
	return NULL;
}

/* What libxdp says of an interface. */
struct view {
	struct dp_libxdp use;
	struct xdp_multiprog *mp;
	int err; /* -ENOENT: no XDP program is attached */
};

static void view_open(struct view *view, int ifindex)
{
	dp_libxdp_begin(&view->use);
	view->mp = xdp_multiprog__get_from_ifindex(ifindex);
	view->err = (int)libxdp_get_error(view->mp);
}

static void view_clear(struct view *view)
{
	if (!view->err)
		xdp_multiprog__close(view->mp);
	dp_libxdp_end(&view->use);
}

static bool view_is_dispatcher(const struct view *view)
{
	return !view->err && !xdp_multiprog__is_legacy(view->mp);
}

static void xdp_closep(struct xdp_program **prog)
{
	if (!libxdp_get_error(*prog))
		xdp_program__close(*prog);
}

int dp_xdp_read(struct sl_dp *dp, int ifindex, const char *suffix, struct dp_hook *out)
{
	struct attached attached = {};
	int err;

	out->fd = dp_pin_get(dp, "if/%d/xdp%s", ifindex, suffix);
	if (out->fd == -ENOENT)
		return 0;
	if (out->fd < 0)
		return out->fd;
	err = attached_read(dp, ifindex, &attached);
	if (err)
		return err == -ENODEV ? 0 : err;
	out->id = dp_prog_id(out->fd);
	out->mode = attached.mode;
	if (attached.id == out->id)
		out->kind = SL_XDP_SINGLE;
	else if (attached.id && dp_libxdp_place(ifindex, attached.id, out->id) >= 0)
		out->kind = SL_XDP_DISPATCHER;
	return 0;
}

bool dp_xdp_runs_first(struct sl_dp *dp, int ifindex, __u32 first, __u32 second)
{
	struct attached attached = {};

	if (attached_read(dp, ifindex, &attached))
		return true;
	return dp_libxdp_place(ifindex, attached.id, first) <
	       dp_libxdp_place(ifindex, attached.id, second);
}

/* "program 12 'xdp_filter'", as far as we may see. */
static void describe(__u32 id, char *out, size_t size)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (fd >= 0 && !bpf_prog_get_info_by_fd(fd, &info, &len))
		snprintf(out, size, "program %u '%s'", id, info.name);
	else
		snprintf(out, size, "program %u", id);
}

/* Whether libxdp can attach beside what is there. */
static int check_room(struct sl_dp *dp, const struct dp_xdp_want *want)
{
	_cleanup_(view_clear) struct view view;
	struct attached attached = {};
	char who[64];
	int err;

	view_open(&view, want->ifindex);
	err = attached_read(dp, want->ifindex, &attached);
	if (err || !attached.id)
		return err;
	describe(attached.id, who, sizeof(who));
	if (!view_is_dispatcher(&view))
		return dp_fail(
			dp, -EBUSY,
			"xdp: attach to '%s' failed: device busy (%s is attached and leaves no room for others: detach it, or take 'xdp off' and TC)",
			want->name, who);
	if (xdp_multiprog__attach_mode(view.mp) != libxdp_mode(want->mode))
		return dp_fail(
			dp, -EBUSY,
			"xdp: attach to '%s' failed: device busy (%s is a dispatcher in %s mode: take that mode for the interface)",
			want->name, who, sl_xdp_mode_names[attached.mode]);
	return 0;
}

static int refused(struct sl_dp *dp, const struct dp_xdp_want *want, int err)
{
	const char *todo = "take 'xdp auto' to fall back to generic mode";

	if (want->mode == SL_XDP_GENERIC)
		todo = "take 'xdp off' and TC for the interface";
	if (err == -EPERM)
		todo = "needs root, or the capabilities BPF, PERFMON and NET_ADMIN";
	if (err == -EBUSY || err == -EEXIST)
		todo = "another program is attached; see 'sluicectl status'";
	return dp_fail(dp, err, "xdp: attach to '%s' in %s mode failed: %s (%s)", want->name,
		       sl_xdp_mode_names[want->mode], dp_words(err), todo);
}

/* After an attach: did the dispatcher take it? */
static int kind_read(int ifindex, struct dp_hook *out)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	out->kind = SL_XDP_DISPATCHER;
	if (bpf_xdp_query(ifindex, 0, &query))
		return out->kind;
	if (query.drv_prog_id == out->id || query.skb_prog_id == out->id)
		out->kind = SL_XDP_SINGLE;
	return out->kind;
}

static bool may_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	return !syscall(SYS_capget, &header, data) && data[0].effective >> CAP_SYS_ADMIN & 1;
}

static void learn_why_single(struct sl_dp *dp)
{
	int err;

	if (dp->no_dispatcher)
		return;
	err = sl_dp_probe_ext();
	if (!may_admin())
		snprintf(dp->no_dispatcher_why, sizeof(dp->no_dispatcher_why),
			 "libxdp's dispatcher needs CAP_SYS_ADMIN");
	else if (err)
		snprintf(dp->no_dispatcher_why, sizeof(dp->no_dispatcher_why),
			 "EXT programs refused: %s", dp_words(err));
	else
		snprintf(dp->no_dispatcher_why, sizeof(dp->no_dispatcher_why),
			 "libxdp did without its dispatcher (is xdp-dispatcher.o installed?)");
	dp->no_dispatcher = true;
}

static int libxdp_attach(struct dp_prog *prog, const struct dp_xdp_want *want)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = dp_prog_obj(prog),
			    .prog_name = bpf_program__name(dp_prog_bpf(prog)));
	_cleanup_(xdp_closep) struct xdp_program *xdp = xdp_program__create(&opts);
	int err = (int)libxdp_get_error(xdp);

	if (err)
		return err;
	err = xdp_program__set_run_prio(xdp, (unsigned int)want->priority);
	if (!err)
		err = xdp_program__set_chain_call_enabled(xdp, XDP_PASS, true);
	if (!err)
		err = xdp_program__set_xdp_frags_support(xdp, want->load.frags);
	return err ?: xdp_program__attach(xdp, want->ifindex, libxdp_mode(want->mode), 0);
}

static int attach_and_close(struct dp_prog *prog, const struct dp_xdp_want *want)
{
	struct dp_libxdp use;
	int err;

	dp_libxdp_begin(&use);
	err = libxdp_attach(prog, want);
	/* What libbpf loaded belongs to prog. */
	if (!err)
		dp_libxdp_keep(&use, dp_prog_fd(prog));
	dp_libxdp_end(&use);
	return err;
}

static void loaded_as(struct dp_hook *out, const struct dp_load *load, int fd)
{
	out->fd = dup(fd);
	out->id = dp_prog_id(out->fd);
	out->instance = load->config.instance;
	out->handoff = load->config.handoff;
	out->build = dp_build(load->hook);
	out->frags = load->frags;
}

int dp_xdp_attach(struct sl_dp *dp, const struct dp_xdp_want *want, struct dp_hook *out)
{
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	err = check_room(dp, want);
	if (!err)
		err = dp_prog_open(dp, &want->load, &prog);
	if (err)
		return err;
	err = attach_and_close(prog, want);
	if (err)
		return refused(dp, want, err);
	loaded_as(out, &want->load, dp_prog_fd(prog));
	out->mode = want->mode;
	out->priority = want->priority;
	if (kind_read(want->ifindex, out) == SL_XDP_SINGLE)
		learn_why_single(dp);
	return 0;
}

int dp_xdp_load(struct sl_dp *dp, const struct dp_load *load, struct dp_hook *out)
{
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	err = dp_prog_open(dp, load, &prog);
	if (!err)
		err = dp_prog_load(dp, prog);
	if (!err)
		loaded_as(out, load, dp_prog_fd(prog));
	return err;
}

int dp_xdp_attach_alone(struct sl_dp *dp, int ifindex, const char *name, const struct dp_hook *new)
{
	int err = bpf_xdp_attach(ifindex, new->fd,
				 kernel_mode(new->mode) | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);

	if (err)
		return dp_fail(dp, err, "xdp: attach to '%s' in %s mode failed: %s", name,
			       sl_xdp_mode_names[new->mode], dp_words(err));
	return 0;
}

bool dp_xdp_has_others(struct sl_dp *dp, int ifindex, const struct dp_hook *ours)
{
	struct attached attached = {};

	if (attached_read(dp, ifindex, &attached) || !attached.id)
		return false;
	if (ours->kind != SL_XDP_DISPATCHER)
		return attached.id != ours->id;
	for (int place = 0;; place++) {
		_cleanup_close_ int member = dp_libxdp_member(ifindex, attached.id, place);

		if (member < 0)
			return false;
		if (dp_prog_id(member) != ours->id)
			return true;
	}
}

int dp_xdp_swap(struct sl_dp *dp, int ifindex, const char *name, const struct dp_hook *old,
		const struct dp_hook *new)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = old->fd);
	int err;

	err = bpf_xdp_attach(ifindex, new->fd, kernel_mode(old->mode) | XDP_FLAGS_REPLACE, &opts);
	if (err)
		return dp_fail(dp, err, "xdp: replacing the program on '%s' failed: %s", name,
			       dp_words(err));
	return 0;
}

static int dispatcher_detach(int ifindex, const struct dp_hook *hook)
{
	_cleanup_(view_clear) struct view view;
	struct xdp_program *prog;

	view_open(&view, ifindex);
	if (view.err)
		return view.err;
	prog = member_find(view.mp, hook->id);
	return prog ? xdp_program__detach(prog, ifindex, libxdp_mode(hook->mode), 0) : 0;
}

int dp_xdp_detach(struct sl_dp *dp, int ifindex, const struct dp_hook *hook)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = hook->fd);
	int err = 0;

	if (hook->kind == SL_XDP_SINGLE)
		err = bpf_xdp_detach(ifindex, kernel_mode(hook->mode) | XDP_FLAGS_REPLACE, &opts);
	else if (hook->kind == SL_XDP_DISPATCHER)
		err = dispatcher_detach(ifindex, hook);
	if (err)
		return dp_fail(dp, err, "xdp: detach from interface %d failed: %s%s", ifindex,
			       dp_words(err),
			       err == -EPERM ? " (the dispatcher needs CAP_SYS_ADMIN)" : "");
	return 0;
}

/* --- strays: libxdp loads and attaches in one step, and who is killed behind it has pinned nothing --- */

static __u32 map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_map_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static bool prog_uses(int fd, __u32 map)
{
	__u32 ids[16];
	struct bpf_prog_info info = { .nr_map_ids = ARRAY_SIZE(ids),
				      .map_ids = (__u64)(unsigned long)ids };
	__u32 size = sizeof(info), i;

	if (bpf_prog_get_info_by_fd(fd, &info, &size))
		return false;
	for (i = 0; i < info.nr_map_ids && i < ARRAY_SIZE(ids); i++)
		if (ids[i] == map)
			return true;
	return false;
}

static bool is_pinned(struct sl_dp *dp, int ifindex, __u32 id)
{
	_cleanup_close_ int at = dp_pin_get(dp, "if/%d/xdp", ifindex);
	_cleanup_close_ int next = dp_pin_get(dp, "if/%d/xdp-new", ifindex);

	return (at >= 0 && dp_prog_id(at) == id) || (next >= 0 && dp_prog_id(next) == id);
}

/* fd becomes out's when the program is a stray. */
static bool stray_is(struct sl_dp *dp, int ifindex, int *fd, __u32 arena, struct dp_hook *out)
{
	out->id = dp_prog_id(*fd);
	if (!prog_uses(*fd, arena) || is_pinned(dp, ifindex, out->id))
		return false;
	out->fd = TAKE_FD(*fd);
	return true;
}

/* out->kind stays 0 when there is none. */
static void stray_find(struct sl_dp *dp, int ifindex, __u32 arena, struct dp_hook *out)
{
	_cleanup_close_ int alone = -1;
	struct attached attached = {};
	int place;

	if (attached_read(dp, ifindex, &attached) || !attached.id)
		return;
	out->mode = attached.mode;
	alone = bpf_prog_get_fd_by_id(attached.id);
	if (alone >= 0 && stray_is(dp, ifindex, &alone, arena, out))
		out->kind = SL_XDP_SINGLE;
	for (place = 0; !out->kind; place++) {
		_cleanup_close_ int member = dp_libxdp_member(ifindex, attached.id, place);

		if (member < 0)
			return;
		if (stray_is(dp, ifindex, &member, arena, out))
			out->kind = SL_XDP_DISPATCHER;
	}
}

int dp_xdp_detach_strays(struct sl_dp *dp, int ifindex)
{
	_cleanup_close_ int fd = dp_pin_get(dp, "arena");
	__u32 arena = fd >= 0 ? map_id(fd) : 0;
	int err = 0;

	/* Each detach makes another dispatcher. */
	while (arena && !err) {
		_cleanup_(dp_hook_clear) struct dp_hook stray = DP_HOOK_NONE;

		stray_find(dp, ifindex, arena, &stray);
		if (!stray.kind)
			break;
		dp_log(5, "xdp of interface %d: program %u was left behind; detached", ifindex,
		       stray.id);
		err = dp_xdp_detach(dp, ifindex, &stray);
	}
	return err;
}
