// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * The flow table, as a new rule set finds it. Its memory is made when the first rule asks for flows.
 * The switch to a rule set changes nothing in it: what the new one cannot use is taken out behind the
 * switch, when no program walks the old one any more. Flows go on over reloads and restarts.
 */

#include "dp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "flows.h"
#include "private.h"

static struct sl_flow *flow_at(const struct sl_dp *dp, __u32 bucket, __u32 way)
{
	return dp_at(dp, sl_flow_offset(bucket, way));
}

static unsigned int tag_class(__u64 tag)
{
	return (unsigned int)(tag >> SL_FLOW_TAG_CLASS) & 0xff;
}

static int make_table(struct sl_dp *dp)
{
	struct sl_flow_table *table = dp_at(dp, SL_ARENA_FLOWS);
	int err;

	err = dp_arena_touch(dp, SL_ARENA_FLOWS, sizeof(*table));
	if (!err)
		err = dp_arena_touch(dp, sl_flow_stats_offset(0),
				     (__u64)dp->ncpus * sizeof(struct sl_flow_stats));
	if (err || table->secret[0])
		return err;
	/* Last of all [0], which says that the others are there. */
	while (!table->secret[0])
		if (getrandom(table->secret, sizeof(table->secret), 0) != sizeof(table->secret))
			return dp_fail(dp, -EIO, "flows: no random numbers: %s", dp_words(errno));
	return 0;
}

/* Where messages are put together. */
static int make_streams(struct sl_dp *dp, __u32 count)
{
	int err;

	err = dp_arena_touch(dp, SL_ARENA_STREAMS, sizeof(struct sl_stream_pool));
	if (!err)
		err = dp_arena_touch(dp, sl_stream_offset(0),
				     (__u64)count * sizeof(struct sl_stream));
	if (!err)
		err = dp_arena_touch(dp, sl_stream_bytes_offset(0), (__u64)count * SL_STREAM_BYTES);
	return err;
}

bool dp_flows_used(const struct sl_ruleset *set)
{
	return set && (set->needs & (SL_NEEDS_FLOW | SL_NEEDS_STREAM));
}

static int note_rules(struct sl_dp *dp, const struct sl_conf *conf)
{
	__u32 slots = 1U << dp->rule_shift >> 4;
	size_t i;

	free(dp->flow_rules);
	dp->flow_rules = calloc(slots, sizeof(*dp->flow_rules));
	if (!dp->flow_rules)
		return dp_fail(dp, -ENOMEM, "no memory for %u rules", slots);
	for (i = 0; i < conf->nrules; i++)
		if (conf->rules[i].slot < slots && conf->rules[i].arg == SL_FLOW_ALL &&
		    conf->rules[i].action <= SL_DROP)
			dp->flow_rules[conf->rules[i].slot] = (__u8)conf->rules[i].action;
	return 0;
}

int dp_flows_prepare(struct sl_dp *dp, const struct sl_conf *conf, __u32 ruleset)
{
	const struct sl_ruleset *set = dp_at(dp, ruleset);
	__u32 places = (set->flows.mask + 1) * SL_FLOW_WAYS;
	int err;

	err = note_rules(dp, conf);
	if (err || !dp_flows_used(set))
		return err;
	err = make_table(dp);
	if (!err)
		err = dp_arena_touch(dp, sl_flow_offset(0, 0),
				     (__u64)places * sizeof(struct sl_flow));
	if (!err)
		err = dp_arena_touch(dp, sl_flow_more_offset(sl_flow_offset(0, 0)),
				     (__u64)places * sizeof(struct sl_flow_more));
	if (!err && (set->needs & SL_NEEDS_STREAM))
		err = make_streams(dp, set->flows.streams);
	return err;
}

/* A verdict stays for as long as a rule of this counter says just that of flows. */
static void check_verdict(const struct sl_dp *dp, struct sl_flow *flow)
{
	__u32 said = __atomic_load_n(&flow->verdict, __ATOMIC_RELAXED);
	__u32 slot = SL_FLOW_SLOT(said);

	if (!said || (slot < 1U << dp->rule_shift >> 4 && dp->flow_rules[slot] == (__u8)said))
		return;
	__atomic_compare_exchange_n(&flow->verdict, &said, 0, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
}

static void check_bucket(const struct sl_dp *dp, __u32 bucket, bool forget)
{
	unsigned int way;

	for (way = 0; way < SL_FLOW_WAYS; way++) {
		struct sl_flow *flow = flow_at(dp, bucket, way);
		__u64 tag = __atomic_load_n(&flow->tag, __ATOMIC_ACQUIRE);

		/* A place that is being written is a new flow's; its writer alone may give it free. */
		if (!tag || tag_class(tag) == SL_FLOW_BUSY)
			continue;
		if (forget)
			__atomic_compare_exchange_n(&flow->tag, &tag, 0, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_RELAXED);
		else
			check_verdict(dp, flow);
	}
}

void dp_flows_commit(struct sl_dp *dp, const struct sl_flow_conf *old, const struct sl_ruleset *now)
{
	bool forget = !dp_flows_used(now) || old->mask != now->flows.mask;
	__u32 bucket;

	/* Where there is no wait, a program may note one more verdict of a rule that is gone. */
	dp_grace(dp);
	/* A table of another size has other buckets: nothing would be found in them. */
	for (bucket = 0; bucket <= old->mask; bucket++)
		check_bucket(dp, bucket, forget);
}
