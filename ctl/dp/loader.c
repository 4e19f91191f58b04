// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * The BPF objects are in the library, as skeletons. An object holds the programs of its kind; one
 * of them is loaded, for one interface, with what it must know as constants.
 */

#include "dp.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "names.h"
#include "private.h"
#include "sets.h"
#include "sluice_ext.skel.h"
#include "sluice_tc.skel.h"
#include "sluice_xdp.skel.h"

struct dp_prog {
	struct sluice_xdp *xdp; /* one of the two */
	struct sluice_tc *tc;
	struct bpf_object *obj;
	struct bpf_program *bpf;
	__u32 taken;
};

/* FNV-1a: two builds that differ have different fingerprints, for all that matters here. */
static __u64 fingerprint(const void *bytes, size_t size)
{
	const unsigned char *p = bytes;
	__u64 hash = 0xcbf29ce484222325ULL;

	while (size--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

__u64 dp_build(enum sl_hook hook)
{
	const void *bytes;
	size_t size;

	bytes = hook == SL_HOOK_XDP ? sluice_xdp__elf_bytes(&size) : sluice_tc__elf_bytes(&size);
	return fingerprint(bytes, size);
}

static int open_xdp(struct dp_prog *prog, const struct dp_load *load)
{
	prog->xdp = sluice_xdp__open();
	if (!prog->xdp)
		return -errno;
	prog->obj = prog->xdp->obj;
	prog->bpf = load->meta ? prog->xdp->progs.sluice_xdp_meta : prog->xdp->progs.sluice_xdp;
	prog->xdp->rodata->sl_config = load->config;
	sl_prog_place(&prog->xdp->rodata->sl_config, load->hook);
	return 0;
}

static int open_tc(struct dp_prog *prog, const struct dp_load *load)
{
	prog->tc = sluice_tc__open();
	if (!prog->tc)
		return -errno;
	prog->obj = prog->tc->obj;
	prog->bpf = load->hook == SL_HOOK_TC_EGRESS ? prog->tc->progs.sluice_tc_out
						    : prog->tc->progs.sluice_tc_in;
	prog->tc->rodata->sl_config = load->config;
	sl_prog_place(&prog->tc->rodata->sl_config, load->hook);
	return 0;
}

static int reuse(struct bpf_object *obj, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	return map ? bpf_map__reuse_fd(map, fd) : -ENOENT;
}

static int prepare(struct sl_dp *dp, struct dp_prog *prog, const struct dp_load *load)
{
	struct bpf_program *other;
	__u32 flags;
	int err;

	bpf_object__for_each_program(other, prog->obj)
		bpf_program__set_autoload(other, other == prog->bpf);
	flags = bpf_program__flags(prog->bpf) & ~BPF_F_XDP_HAS_FRAGS;
	err = bpf_program__set_flags(prog->bpf, load->frags ? flags | BPF_F_XDP_HAS_FRAGS : flags);
	if (!err)
		err = reuse(prog->obj, SL_MAP_ARENA, dp->arena_fd);
	if (!err)
		err = dp_maps_reuse(dp, prog->obj);
	if (!err)
		err = reuse(prog->obj, SL_MAP_SETS, dp->set_maps[SL_SET_HASH]);
	if (!err)
		err = reuse(prog->obj, SL_MAP_TRIES, dp->set_maps[SL_SET_TRIE]);
	return err;
}

int dp_prog_open(struct sl_dp *dp, const struct dp_load *load, struct dp_prog **out)
{
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return dp_fail(dp, -ENOMEM, "%s: no memory", sl_hook_names[load->hook]);
	prog->taken = DP_TAKEN(load);
	err = load->hook == SL_HOOK_XDP ? open_xdp(prog, load) : open_tc(prog, load);
	if (!err)
		err = prepare(dp, prog, load);
	if (err)
		return dp_fail(dp, err, "%s: opening the program failed: %s",
			       sl_hook_names[load->hook], dp_words(err));
	*out = TAKE_PTR(prog);
	return 0;
}

int dp_prog_load(struct sl_dp *dp, struct dp_prog *prog)
{
	int err;

	err = bpf_object__load(prog->obj);
	if (err == -E2BIG)
		return dp_fail(dp, err, "program '%s' is too complex for this kernel's verifier",
			       bpf_program__name(prog->bpf));
	if (err)
		return dp_fail(
			dp, err, "program '%s': the kernel refused it: %s%s",
			bpf_program__name(prog->bpf), dp_words(err),
			err == -EPERM
				? " (needs root, or the capabilities BPF, PERFMON and NET_ADMIN)"
				: " (the log has the verifier's reason)");
	dp->taken |= prog->taken;
	return 0;
}

int dp_prog_try(struct sl_dp *dp, const struct dp_load *load)
{
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	if (dp->taken & DP_TAKEN(load))
		return 0;
	err = dp_prog_open(dp, load, &prog);
	return err ?: dp_prog_load(dp, prog);
}

void dp_prog_freep(struct dp_prog **prog)
{
	if (!*prog)
		return;
	sluice_xdp__destroy((*prog)->xdp);
	sluice_tc__destroy((*prog)->tc);
	free(*prog);
	*prog = NULL;
}

struct bpf_object *dp_prog_obj(const struct dp_prog *prog)
{
	return prog->obj;
}

struct bpf_program *dp_prog_bpf(const struct dp_prog *prog)
{
	return prog->bpf;
}

int dp_prog_fd(const struct dp_prog *prog)
{
	return bpf_program__fd(prog->bpf);
}

__u32 dp_prog_id(int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_prog_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static int ext_load(struct sluice_ext *target, struct sluice_ext *ext)
{
	int err;

	bpf_program__set_autoload(target->progs.sluice_ext, false);
	err = bpf_object__load(target->obj);
	if (err)
		return err;
	bpf_program__set_autoload(ext->progs.sluice_ext_target, false);
	err = bpf_program__set_attach_target(ext->progs.sluice_ext,
					     bpf_program__fd(target->progs.sluice_ext_target),
					     "sluice_ext_replaced");
	return err ?: bpf_object__load(ext->obj);
}

int sl_dp_probe_ext(void)
{
	struct sluice_ext *target = sluice_ext__open();
	struct sluice_ext *ext = sluice_ext__open();
	int err = -ENOMEM;

	dp_log_trying(true);
	if (target && ext)
		err = ext_load(target, ext);
	dp_log_trying(false);
	sluice_ext__destroy(ext);
	sluice_ext__destroy(target);
	return err;
}
