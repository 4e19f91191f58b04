// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Whether the verifier takes what an interface would run, before anything depends on it. Programs know
 * nothing of rules: what was taken once is taken for any rule set.
 */

#include "dp.h"

#include <errno.h>

#include "private.h"

static int try_one(struct sl_dp *dp, enum sl_hook hook, bool meta, bool frags)
{
	const struct dp_load load = {
		.hook = hook,
		.meta = meta,
		.frags = frags,
		.config = { .instance = 1,
			    .ncpus = dp->ncpus,
			    .rule_shift = dp->rule_shift,
			    .chained = hook == SL_HOOK_XDP && !meta,
			    .handoff = meta || hook == SL_HOOK_TC_INGRESS },
	};

	return dp_prog_try(dp, &load);
}

/* In libxdp's dispatcher, or alone: which it will be is only known when it is attached. */
static int try_xdp(struct sl_dp *dp, bool frags)
{
	return try_one(dp, SL_HOOK_XDP, false, frags) ?: try_one(dp, SL_HOOK_XDP, true, frags);
}

int sl_dp_try(struct sl_dp *dp, const struct sl_conf_iface *want)
{
	int err = 0;

	if (!dp->base)
		return dp_fail(dp, -EINVAL, "the data path is not started");
	if (want->xdp != SL_XDP_OFF)
		err = try_xdp(dp, want->xdp != SL_XDP_GENERIC);
	if (!err && want->tc[SL_DIR_INGRESS])
		err = try_one(dp, SL_HOOK_TC_INGRESS, false, false);
	if (!err && want->tc[SL_DIR_EGRESS])
		err = try_one(dp, SL_HOOK_TC_EGRESS, false, false);
	return err;
}
