// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Whether the verifier takes what an interface would run, before anything depends on it. Programs know
 * nothing of rules: what was taken once is taken for any rule set.
 */

#include "dp.h"

#include <errno.h>

#include "private.h"

static int try_one(struct sl_dp *dp, enum sl_hook hook, bool frags)
{
	const struct dp_load load = {
		.hook = hook,
		.meta = hook == SL_HOOK_XDP,
		.frags = frags,
		.config = { .instance = 1,
			    .ncpus = dp->ncpus,
			    .rule_shift = dp->rule_shift,
			    .handoff = hook == SL_HOOK_TC_EGRESS ? 0 : 1 },
	};

	return dp_prog_try(dp, &load);
}

int sl_dp_try(struct sl_dp *dp, const struct sl_conf_iface *want)
{
	int err = 0;

	if (!dp->base)
		return dp_fail(dp, -EINVAL, "the data path is not started");
	if (want->xdp != SL_XDP_OFF)
		err = try_one(dp, SL_HOOK_XDP, want->xdp != SL_XDP_GENERIC);
	if (!err && want->tc[SL_DIR_INGRESS])
		err = try_one(dp, SL_HOOK_TC_INGRESS, false);
	if (!err && want->tc[SL_DIR_EGRESS])
		err = try_one(dp, SL_HOOK_TC_EGRESS, false);
	return err;
}
