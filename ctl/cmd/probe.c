// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "out.h"
#include "probe_nic.h"
#include "request.h"

#define BOTH(name) { "x_" name, "t_" name }
#define CANNOT	   "nothing runs"

/* In the order of what stands on what. */
const struct sl_capability sl_capabilities[] = {
	{ "kernel BTF",
	  SL_REQUIRED,
	  {},
	  sl_test_btf,
	  "finding kfuncs and kernel structures",
	  CANNOT },
	{ "JIT", SL_REQUIRED, {}, sl_test_jit, "arena, and speed", CANNOT },
	{ "arena of 4 GiB",
	  SL_REQUIRED,
	  {},
	  sl_test_arena_map,
	  "rules and counters of all programs",
	  CANNOT },
	{ "arena access", SL_REQUIRED, BOTH("arena"), NULL, "rules and counters of all programs",
	  CANNOT },
	{ "may_goto", SL_REQUIRED, BOTH("may_goto"), NULL, "loops over rules", CANNOT },
	{ "bpf_dynptr_from_xdp", SL_REQUIRED, { "x_view" }, NULL, "every packet", CANNOT },
	{ "bpf_dynptr_from_skb", SL_REQUIRED, { NULL, "t_view" }, NULL, "every packet", CANNOT },
	{ "bpf_dynptr_slice", SL_REQUIRED, BOTH("slice"), NULL, "headers", CANNOT },
	{ "bpf_dynptr_read", SL_REQUIRED, BOTH("read"), NULL, "IPv4 options", CANNOT },
	{ "bpf_dynptr_clone", SL_REQUIRED, BOTH("clone"), NULL, "views of payload", CANNOT },
	{ "bpf_dynptr_adjust", SL_REQUIRED, BOTH("adjust"), NULL, "views of payload", CANNOT },
	{ "bpf_dynptr_slice_rdwr", SL_REQUIRED, BOTH("slice_rdwr"), NULL, "changing packets",
	  CANNOT },
	{ "bpf_dynptr_write", SL_REQUIRED, BOTH("write"), NULL, "changing packets", CANNOT },
	{ "bpf_cast_to_kern_ctx", SL_REQUIRED, BOTH("kern_ctx"), NULL,
	  "length of a frame in fragments", CANNOT },
	{ "bpf_rdonly_cast",
	  SL_REQUIRED,
	  { "x_rdonly_cast" },
	  NULL,
	  "length of a frame in fragments",
	  CANNOT },
	{ "Sluice's programs", SL_REQUIRED, {}, sl_test_sluice, "all of it", CANNOT },
	{ "EXT programs",
	  SL_USED,
	  {},
	  sl_test_ext,
	  "libxdp's dispatcher: beside other XDP programs",
	  "alone on an interface's XDP hook" },
	{ "XDP fragments",
	  SL_USED,
	  { "x_frags" },
	  NULL,
	  "native XDP with jumbo frames",
	  "generic XDP or TC with jumbo frames" },
	{ "XDP metadata",
	  SL_USED,
	  { "x_meta" },
	  NULL,
	  "telling TC what XDP has judged",
	  "TC judges again" },
	{ "generic XDP",
	  SL_USED,
	  {},
	  sl_test_generic,
	  "XDP where the driver has none",
	  "TC there" },
	{ "TCX", SL_USED, {}, sl_test_tcx, "TC hooks", "clsact" },
	{ "clsact",
	  SL_USED,
	  {},
	  sl_test_clsact,
	  "TC hooks where TCX is refused",
	  "no TC hooks there" },
	{ "test run", SL_USED, {}, sl_test_run, "replay", "no replay" },
	{ "bpf_dynptr_size", SL_SPARE, BOTH("size"), NULL, "views of payload", "" },
	{ "bpf_dynptr_copy", SL_SPARE, BOTH("copy"), NULL, "changing packets", "" },
	{ "bpf_dynptr_memset", SL_SPARE, BOTH("fill"), NULL, "changing packets", "" },
	{ "bpf_dynptr_is_null", SL_SPARE, BOTH("is_null"), NULL, "views handed on", "" },
	{ "bpf_dynptr_is_rdonly", SL_SPARE, BOTH("is_rdonly"), NULL, "views handed on", "" },
	{ "bpf_dynptr_from_skb_meta",
	  SL_SPARE,
	  { NULL, "t_meta_view" },
	  NULL,
	  "what XDP has found",
	  "" },
	{ "ring buffer dynptr", SL_SPARE, BOTH("ringbuf"), NULL, "events", "" },
	{},
};
_Static_assert(sizeof(sl_capabilities) / sizeof(*sl_capabilities) - 1 <= SL_CAPABILITIES_MAX,
	       "findings");

/* No when one side says no. */
enum sl_answer sl_capability_answer(const struct sl_probe *probe, size_t row)
{
	const struct sl_finding *finding = probe->finding[row];

	if (finding[SL_SIDE_XDP].answer == SL_NO || finding[SL_SIDE_TC].answer == SL_NO)
		return SL_NO;
	return SL_YES;
}

bool sl_probe_able(const struct sl_probe *probe)
{
	size_t i;

	for (i = 0; sl_capabilities[i].name; i++) {
		if (sl_capabilities[i].need == SL_REQUIRED &&
		    sl_capability_answer(probe, i) == SL_NO)
			return false;
	}
	return true;
}

static void ask(struct sl_probe *probe, size_t row)
{
	const struct sl_capability *capability = &sl_capabilities[row];
	struct sl_finding *finding = probe->finding[row];
	int side;

	if (capability->test) {
		capability->test(probe, finding);
		return;
	}
	for (side = 0; side < SL_SIDE_MAX_; side++) {
		if (capability->programs[side])
			sl_programs_ask(probe->programs, capability->programs[side],
					&finding[side]);
	}
}

static int look_at_nic(struct sl_ctl *ctl, struct sl_probe *probe, struct sl_nic *nic)
{
	int err;

	if (!ctl->nargs)
		return ctl->opt[SL_OPT_TRY] ? sl_misuse("--try needs an interface") : SL_EXIT_OK;
	err = sl_nic_look(nic, ctl->args[0]);
	if (err == -ENODEV)
		return sl_fail("there is no interface '%s' (see 'ip link')", ctl->args[0]);
	if (err)
		return sl_fail("cannot look at '%s': %s", ctl->args[0], strerror(-err));
	probe->nic = nic;
	return SL_EXIT_OK;
}

static int try_nic(struct sl_ctl *ctl, struct sl_probe *probe)
{
	if (!ctl->opt[SL_OPT_TRY])
		return SL_EXIT_OK;
	if (!sl_nic_try(probe->nic, probe->programs))
		return SL_EXIT_OK;
	return sl_fail("'%s' has the XDP program '%s' attached: nothing was tried",
		       probe->nic->name, probe->nic->attached);
}

static int load(struct sl_programs **programs)
{
	int err = sl_programs_load(programs);

	if (err == -EPERM)
		return sl_fail(
			"probe loads BPF programs, which is not permitted to this user (run it as root)");
	if (err)
		return sl_fail("probe cannot load any BPF program: %s", strerror(-err));
	return SL_EXIT_OK;
}

static void print(struct sl_ctl *ctl, const struct sl_probe *probe)
{
	_cleanup_json_ json_t *json = NULL;

	if (!ctl->opt[SL_OPT_JSON]) {
		sl_probe_print(probe);
		return;
	}
	json = sl_probe_json(probe);
	sl_json_page(json);
}

int sl_cmd_probe(struct sl_ctl *ctl)
{
	_cleanup_(sl_programs_freep) struct sl_programs *programs = NULL;
	struct sl_probe probe = {};
	struct sl_nic nic;
	int status;
	size_t i;

	status = look_at_nic(ctl, &probe, &nic) ?: load(&programs);
	if (status)
		return status;
	probe.programs = programs;
	for (i = 0; sl_capabilities[i].name; i++)
		ask(&probe, i);
	status = try_nic(ctl, &probe);
	print(ctl, &probe);
	return sl_probe_verdict(&probe) ?: status;
}
