// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include "arena.h"
#include "cleanup.h"
#include "dp.h"
#include "probe_ext.skel.h"

/* Of linux/bpf.h, where it is older than these. */
#define MAP_TYPE_ARENA 33
#define MAP_MMAPABLE   (1U << 10)
#define TCX_INGRESS    46

static void close_fdp(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void found_both(struct sl_finding finding[SL_SIDE_MAX_], int err, const char *why)
{
	sl_found(&finding[SL_SIDE_XDP], err, why);
	sl_found(&finding[SL_SIDE_TC], err, why);
}

void sl_test_btf(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	int err = access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;

	found_both(finding, err, "no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)");
}

static void test_jit(int fd, struct sl_finding *finding)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &size) ? -errno : 0;

	if (!err && !info.jited_prog_len)
		sl_found(finding, -ENOTSUP, "interpreted (see sysctl net.core.bpf_jit_enable)");
	else
		sl_found(finding, err, NULL);
}

void sl_test_jit(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	test_jit(sl_programs_fd(probe->programs, "x_pass"), &finding[SL_SIDE_XDP]);
	test_jit(sl_programs_fd(probe->programs, "t_pass"), &finding[SL_SIDE_TC]);
}

/* As large and where Sluice wants it. Nothing is mapped: it takes no memory. */
void sl_test_arena_map(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = MAP_MMAPABLE,
		    .map_extra = SL_ARENA_ADDR);
	_cleanup_(close_fdp) int fd =
		bpf_map_create(MAP_TYPE_ARENA, "probe", 0, 0, SL_ARENA_PAGES, &opts);

	found_both(finding, fd < 0 ? -errno : 0,
		   fd < 0 && errno == EINVAL ? "not in this kernel (Linux 6.9 has it)" : NULL);
}

static void run_once(int fd, struct sl_finding *finding)
{
	__u8 frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	sl_found(finding, bpf_prog_test_run_opts(fd, &opts) ? -errno : 0, NULL);
}

void sl_test_run(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	run_once(sl_programs_fd(probe->programs, "x_pass"), &finding[SL_SIDE_XDP]);
	run_once(sl_programs_fd(probe->programs, "t_pass"), &finding[SL_SIDE_TC]);
}

static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* Puts the extension in the place of a function of the dispatcher, which is attached nowhere. */
static int replace(struct probe_ext_bpf *target, struct probe_ext_bpf *extension)
{
	struct bpf_link *link;
	int err, fd;

	bpf_program__set_autoload(target->progs.extension, false);
	err = probe_ext_bpf__load(target);
	if (err)
		return err;
	fd = bpf_program__fd(target->progs.dispatcher);
	bpf_program__set_autoload(extension->progs.dispatcher, false);
	err = bpf_program__set_attach_target(extension->progs.extension, fd, "slot");
	err = err ?: probe_ext_bpf__load(extension);
	if (err)
		return err;
	link = bpf_program__attach_freplace(extension->progs.extension, fd, "slot");
	if (!link)
		return -errno;
	bpf_link__destroy(link);
	return 0;
}

void sl_test_ext(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	libbpf_print_fn_t print = libbpf_set_print(silence);
	struct probe_ext_bpf *target = probe_ext_bpf__open();
	struct probe_ext_bpf *extension = probe_ext_bpf__open();
	int err = target && extension ? replace(target, extension) : -ENOMEM;

	probe_ext_bpf__destroy(extension);
	probe_ext_bpf__destroy(target);
	libbpf_set_print(print);
	sl_found(&finding[SL_SIDE_XDP], err, NULL);
}

static int try_tcx(int prog, int ifindex)
{
	_cleanup_(close_fdp) int link = bpf_link_create(prog, ifindex, TCX_INGRESS, NULL);

	return link < 0 ? -errno : 0;
}

static int try_clsact(int prog, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog);

	return bpf_tc_hook_create(&hook) ?: bpf_tc_attach(&hook, &opts);
}

static int try_generic(int prog, int ifindex)
{
	return bpf_xdp_attach(ifindex, prog, XDP_FLAGS_SKB_MODE, NULL);
}

/* lo is there in any namespace; what is attached goes with it. */
static void try_attach(struct sl_probe *probe)
{
	int tc = sl_programs_fd(probe->programs, "t_pass");
	int xdp = sl_programs_fd(probe->programs, "x_pass");
	int lo = (int)if_nametoindex("lo");

	sl_found(&probe->tcx, try_tcx(tc, lo), NULL);
	sl_found(&probe->clsact, try_clsact(tc, lo), NULL);
	sl_found(&probe->generic, try_generic(xdp, lo), NULL);
}

/* Where nothing is disturbed: in a namespace that ends with this function. */
static void attach_apart(struct sl_probe *probe)
{
	_cleanup_(close_fdp) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	libbpf_print_fn_t print;
	char why[SL_WHY];

	if (probe->attach_tried)
		return;
	probe->attach_tried = true;
	if (home < 0 || unshare(CLONE_NEWNET)) {
		snprintf(why, sizeof(why), "not tried: no network namespace to try it in: %s",
			 strerror(errno));
		sl_found(&probe->tcx, -errno, why);
		sl_found(&probe->clsact, -errno, why);
		sl_found(&probe->generic, -errno, why);
		return;
	}
	print = libbpf_set_print(silence);
	try_attach(probe);
	libbpf_set_print(print);
	setns(home, CLONE_NEWNET);
}

void sl_test_tcx(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	attach_apart(probe);
	finding[SL_SIDE_TC] = probe->tcx;
}

void sl_test_clsact(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	attach_apart(probe);
	finding[SL_SIDE_TC] = probe->clsact;
}

void sl_test_generic(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	attach_apart(probe);
	finding[SL_SIDE_XDP] = probe->generic;
}

static void load_sluice(enum sl_hook hook, struct sl_finding *finding)
{
	_cleanup_(sl_dp_freep) struct sl_dp *dp = NULL;
	int err;

	if (finding->answer == SL_NO)
		return;
	err = sl_dp_new(&dp, NULL);
	if (err) {
		sl_found(finding, err, NULL);
		return;
	}
	err = sl_dp_start(dp) ?: sl_dp_load_for_run(dp, hook);
	sl_found(finding, err, sl_dp_error(dp));
}

/* The proof: the very programs, loaded. */
void sl_test_sluice(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_])
{
	load_sluice(SL_HOOK_XDP, &finding[SL_SIDE_XDP]);
	load_sluice(SL_HOOK_TC_INGRESS, &finding[SL_SIDE_TC]);
	load_sluice(SL_HOOK_TC_EGRESS, &finding[SL_SIDE_TC]);
}
