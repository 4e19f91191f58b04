// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The flows that there are, read while programs go on with them; and flows ended. */

#include "dp.h"

#include <string.h>
#include <time.h>

#include "flows.h"
#include "private.h"

#define MS 1000000ULL

static __u64 clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec;
}

static __u64 ticks_ms(__u32 ticks)
{
	return ((__u64)ticks << SL_FLOW_TICK_SHIFT) / MS;
}

static struct sl_flow *flow_at(const struct sl_dp *dp, __u32 bucket, unsigned int way)
{
	return dp_at(dp, sl_flow_offset(bucket, way));
}

static void flow_fill(struct sl_dp_flow *out, const struct sl_flow *flow,
		      const struct sl_flow_more *more, __u64 now)
{
	unsigned int side;

	out->key = (struct sl_flow_key) {
		.addr = { flow->addr, more->addr[0], more->addr[1], more->addr[2] },
		.rest = flow->rest,
	};
	for (side = 0; side < 2; side++)
		out->count[side] = (struct sl_counter) {
			.packets = sl_flow_sum(flow->count[side].packets, more->high[side].packets),
			.bytes = sl_flow_sum(flow->count[side].bytes, more->high[side].bytes),
		};
	out->state = flow->state;
	out->verdict = flow->verdict;
	out->client = flow->client;
	out->app = more->app;
	out->since_ms = now > more->since ? (now - more->since) / MS : 0;
}

/* A flow that is whole, and still there: see abi/flow.h. */
static bool flow_read(const struct sl_dp *dp, const struct sl_flow_conf *conf, __u32 bucket,
		      unsigned int way, __u64 *tag, struct sl_dp_flow *out)
{
	const struct sl_flow *place = flow_at(dp, bucket, way);
	const struct sl_flow_more *rest =
		dp_at(dp, sl_flow_more_offset(sl_flow_offset(bucket, way)));
	__u64 now = clock_now();
	__u32 serial, idle, class;
	struct sl_flow_more more;
	struct sl_flow flow;

	*tag = __atomic_load_n(&place->tag, __ATOMIC_ACQUIRE);
	class = *tag >> SL_FLOW_TAG_CLASS & 0xff;
	if (!*tag || class >= SL_FLOW_CLASS_MAX_)
		return false;
	serial = __atomic_load_n(&place->serial, __ATOMIC_ACQUIRE);
	/* The lower words of counts last: see sl_flow_sum(). */
	memcpy(&more, rest, sizeof(more));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(&flow, place, sizeof(flow));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if ((serial & 1) || __atomic_load_n(&place->serial, __ATOMIC_RELAXED) != serial)
		return false;
	idle = (__u32)(now >> SL_FLOW_TICK_SHIFT) - (__u32)*tag;
	idle = (__s32)idle < 0 ? 0 : idle;
	out->idle_ms = ticks_ms(idle);
	out->timeout_ms = ticks_ms(conf->timeout[class]);
	flow_fill(out, &flow, &more, now);
	return idle <= conf->timeout[class];
}

static bool addr_fits(const struct sl_dp_flow_filter *filter, __u64 high, __u64 low)
{
	__u64 differs[2] = { high ^ filter->addr[0], low ^ filter->addr[1] };
	unsigned int skip = filter->l3 == SL_L3_IP4 ? 96 : 0, bits = filter->bits + skip;

	if (bits > 64)
		return !differs[0] && !(differs[1] >> (128 - bits));
	return !bits || !(differs[0] >> (64 - bits));
}

static bool addrs_fit(const struct sl_dp_flow_filter *filter, const struct sl_flow_key *key)
{
	if (filter->l3 == SL_L3_OTHER)
		return true;
	if (SL_FLOW_L3(key->rest) != filter->l3)
		return false;
	if (filter->l3 == SL_L3_IP4)
		return addr_fits(filter, 0, key->addr[0] >> 32) ||
		       addr_fits(filter, 0, key->addr[0] & 0xffffffff);
	return addr_fits(filter, key->addr[0], key->addr[1]) ||
	       addr_fits(filter, key->addr[2], key->addr[3]);
}

static bool ports_fit(const struct sl_dp_flow_filter *filter, __u64 rest)
{
	__u8 proto = SL_FLOW_PROTO(rest);

	if (!filter->has_port || SL_FLOW_PORT(rest, 0) == filter->port)
		return true;
	/* The second one of ICMP is the type of the request. */
	return proto != 1 && proto != 58 && SL_FLOW_PORT(rest, 1) == filter->port;
}

static bool fits(const struct sl_dp_flow_filter *filter, const struct sl_dp_flow *flow)
{
	return addrs_fit(filter, &flow->key) && ports_fit(filter, flow->key.rest) &&
	       (!filter->has_proto || SL_FLOW_PROTO(flow->key.rest) == filter->proto) &&
	       (!filter->state || SL_FLOW_STATE(flow->state) == filter->state) &&
	       (!filter->verdict || (__u8)flow->verdict == filter->verdict);
}

bool sl_dp_flow_table(struct sl_dp *dp, struct sl_dp_flow_table *out)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	struct sl_dp_flow flow;
	unsigned int way;
	__u32 i;
	__u64 tag;

	if (!dp_flows_used(set))
		return false;
	*out = (struct sl_dp_flow_table) { .places = (set->flows.mask + 1) * SL_FLOW_WAYS };
	for (i = 0; i <= set->flows.mask; i++)
		for (way = 0; way < SL_FLOW_WAYS; way++)
			out->flows += flow_read(dp, &set->flows, i, way, &tag, &flow);
	for (i = 0; i < dp->ncpus; i++) {
		const struct sl_flow_stats *stats = dp_at(dp, sl_flow_stats_offset(i));

		out->made += stats->made;
		out->evicted += stats->evicted;
		out->unplaced += stats->unplaced;
	}
	return true;
}

int sl_dp_flows(struct sl_dp *dp, const struct sl_dp_flow_filter *filter, sl_dp_flow_fn *call,
		void *arg)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	struct sl_dp_flow flow;
	unsigned int way;
	__u32 bucket;
	__u64 tag;
	int err = 0;

	for (bucket = 0; dp_flows_used(set) && bucket <= set->flows.mask; bucket++) {
		for (way = 0; way < SL_FLOW_WAYS && !err; way++)
			if (flow_read(dp, &set->flows, bucket, way, &tag, &flow) &&
			    fits(filter, &flow))
				err = call(arg, &flow);
		if (err)
			break;
	}
	return err;
}

/* Its packets may change the tag meanwhile: then it is looked at once more. */
static bool kill_one(struct sl_dp *dp, const struct sl_flow_conf *conf,
		     const struct sl_dp_flow_filter *filter, __u32 bucket, unsigned int way)
{
	struct sl_flow *place = flow_at(dp, bucket, way);
	struct sl_dp_flow flow;
	__u64 tag;

	while (flow_read(dp, conf, bucket, way, &tag, &flow) && fits(filter, &flow))
		if (__atomic_compare_exchange_n(&place->tag, &tag, 0, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

size_t sl_dp_flows_kill(struct sl_dp *dp, const struct sl_dp_flow_filter *filter)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	size_t killed = 0;
	unsigned int way;
	__u32 bucket;

	for (bucket = 0; dp_flows_used(set) && bucket <= set->flows.mask; bucket++)
		for (way = 0; way < SL_FLOW_WAYS; way++)
			killed += kill_one(dp, &set->flows, filter, bucket, way);
	return killed;
}
