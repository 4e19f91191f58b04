// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Counters: each CPU writes its own, a reader adds them up. Every word is read whole. */

#include "dp.h"

#include <errno.h>
#include <string.h>

#include "private.h"

static void add(struct sl_counter *sum, const struct sl_counter *counter)
{
	sum->packets += __atomic_load_n(&counter->packets, __ATOMIC_RELAXED);
	sum->bytes += __atomic_load_n(&counter->bytes, __ATOMIC_RELAXED);
}

static void add_hook(struct sl_hook_stats *sum, const struct sl_hook_stats *stats)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sum->verdict); i++)
		add(&sum->verdict[i], &stats->verdict[i]);
	for (i = 0; i < ARRAY_SIZE(sum->reason); i++)
		add(&sum->reason[i], &stats->reason[i]);
}

int sl_dp_if_stats(struct sl_dp *dp, __u32 slot, struct sl_if_stats *out)
{
	const struct sl_if_stats *stats;
	unsigned int hook;
	__u32 cpu;

	if (!dp->base || slot >= SL_MAX_IFACES)
		return dp_fail(dp, -EINVAL, "there is no interface slot %u", slot);
	memset(out, 0, sizeof(*out));
	if (!dp->root->iface[slot].name[0])
		return 0; /* never used: its pages do not exist */
	for (cpu = 0; cpu < dp->ncpus; cpu++) {
		stats = dp_at(dp, sl_if_stats_offset(slot, dp->ncpus, cpu));
		for (hook = 0; hook < SL_HOOK_MAX_; hook++)
			add_hook(&out->hook[hook], &stats->hook[hook]);
	}
	return 0;
}

int sl_dp_rule_counter(struct sl_dp *dp, __u32 slot, struct sl_counter *out)
{
	__u32 cpu;

	if (!dp->base || slot == SL_NO_SLOT || slot >= 1U << dp->rule_shift >> 4)
		return dp_fail(dp, -EINVAL, "there is no rule counter %u", slot);
	memset(out, 0, sizeof(*out));
	for (cpu = 0; cpu < dp->ncpus; cpu++)
		add(out, dp_at(dp, sl_rule_counter_offset(slot, dp->rule_shift, cpu)));
	return 0;
}
